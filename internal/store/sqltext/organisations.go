package sqltext

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type organisations struct{ *Tx }

const organisationColumns = `org, name, settings, created_at, version`

// settings is the stored shape of idem.Settings; what an older row lacks is
// the default.
type settings struct {
	FaceUniqueness idem.FaceUniqueness `json:"face_uniqueness"`
	DuplicateFMR   float64             `json:"duplicate_fmr"`
	SimilarFMR     float64             `json:"similar_fmr"`
	MatchFMR       float64             `json:"match_fmr"`
	Country        string              `json:"country"`
	PhonePrefix    string              `json:"phone_prefix"`
	MaxPhotos      int                 `json:"max_photos"`
	CodesPerHour   int                 `json:"codes_per_hour"`
}

func scanOrganisation(r row, o *idem.Organisation) error {
	var text []byte
	if err := r.Scan(&o.ID, &o.Name, &text, (*moment)(&o.CreatedAt), &o.Version); err != nil {
		return err
	}
	stored := settings(idem.DefaultSettings())
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("read settings of organisation %s: %w", o.ID, err)
	}
	o.Settings = idem.Settings(stored)
	return nil
}

func encodeSettings(s idem.Settings) (string, error) {
	text, err := json.Marshal(settings(s))
	if err != nil {
		return "", fmt.Errorf("encode settings: %w", err)
	}
	return string(text), nil
}

// Get implements store.Organisations.
func (t organisations) Get(ctx context.Context) (idem.Organisation, error) { return t.get(ctx, "") }

// GetForUpdate implements store.Organisations.
func (t organisations) GetForUpdate(ctx context.Context) (idem.Organisation, error) {
	return t.get(ctx, lock)
}

func (t organisations) get(ctx context.Context, suffix string) (idem.Organisation, error) {
	found, err := list(ctx, t.Tx, `SELECT `+organisationColumns+` FROM organisations WHERE org = $1`+suffix, []any{t.org}, scanOrganisation)
	if err != nil {
		return idem.Organisation{}, err
	}
	if len(found) == 0 {
		return idem.Organisation{}, store.ErrOrganisationNotFound
	}
	return found[0], nil
}

// Save implements store.Organisations.
func (t organisations) Save(ctx context.Context, o *idem.Organisation) error {
	text, err := encodeSettings(o.Settings)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE organisations SET name = $3, settings = $4, version = version + 1
		WHERE org = $1 AND version = $2`, t.org, o.Version, o.Name, text)
	if err != nil {
		return err
	}
	if n == 0 {
		return idem.ErrVersionMismatch
	}
	o.Version++
	return nil
}

// insert adds the transaction's own organisation with its empty audit head.
func (t organisations) insert(ctx context.Context, o idem.Organisation) error {
	text, err := encodeSettings(o.Settings)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO organisations (`+organisationColumns+`) VALUES ($1, $2, $3, $4, $5)`,
		o.ID, o.Name, text, micros(o.CreatedAt), o.Version)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO action_heads (org, seq, hash) VALUES ($1, 0, $2)`, t.org, make([]byte, 32))
	return err
}
