package sqltext

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type flows struct{ *Tx }

const flowColumns = `id, name, technologies, config, credential, session_seconds, attempts, frame_ancestors, created_at, deleted_at`

// personConfig is the stored shape of idem.PersonConfig; what an older row
// lacks is the default.
type personConfig struct {
	Collect             bool                    `json:"collect"`
	ForceVerification   bool                    `json:"force_verification"`
	SkipKnown           bool                    `json:"skip_known"`
	SkipTechnologies    []idem.TechCode         `json:"skip_technologies"`
	SkipMaxAge          time.Duration           `json:"skip_max_age_ns"`
	PersonPhoto         bool                    `json:"person_photo"`
	CustomAliasKey      string                  `json:"custom_alias_key"`
	LookupKeys          []string                `json:"lookup_keys"`
	FailedMatch         idem.FailedMatchPolicy  `json:"failed_match"`
	Conflict            idem.ConflictPolicy     `json:"conflict"`
	CollectWithoutAlias bool                    `json:"collect_without_alias"`
	Deleted             idem.DeletedMatchPolicy `json:"deleted"`
}

func encodeConfig(c idem.PersonConfig) (string, error) {
	text, err := json.Marshal(personConfig(c))
	if err != nil {
		return "", fmt.Errorf("encode person config: %w", err)
	}
	return string(text), nil
}

// decodeConfig reads lists as they were stored: an empty one is not the
// default.
func decodeConfig(text []byte) (idem.PersonConfig, error) {
	stored := personConfig(idem.DefaultPersonConfig())
	if err := json.Unmarshal(text, &stored); err != nil {
		return idem.PersonConfig{}, fmt.Errorf("read person config: %w", err)
	}
	return idem.PersonConfig(stored), nil
}

func encodeCodes(codes []idem.TechCode) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = string(c)
	}
	return strings.Join(texts, " ")
}

func decodeCodes(text string) (codes []idem.TechCode) {
	for _, c := range strings.Fields(text) {
		codes = append(codes, idem.TechCode(c))
	}
	return codes
}

func scanFlow(r row, f *idem.Flow) (err error) {
	var technologies, ancestors string
	var config []byte
	var seconds int64
	err = r.Scan(&f.ID, &f.Name, &technologies, &config, &f.Key, &seconds, &f.Attempts, &ancestors, (*moment)(&f.CreatedAt), (*moment)(&f.DeletedAt))
	if err != nil {
		return err
	}
	f.FrameAncestors = strings.Fields(ancestors)
	f.Technologies, f.SessionTime = decodeCodes(technologies), time.Duration(seconds)*time.Second
	f.Config, err = decodeConfig(config)
	return err
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// Insert implements store.Flows. The write itself finds a name that is taken
// and leaves the transaction usable.
func (t flows) Insert(ctx context.Context, f idem.Flow) error {
	config, err := encodeConfig(f.Config)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO flows (org, `+flowColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		t.org, f.ID, f.Name, encodeCodes(f.Technologies), config, f.Key, seconds(f.SessionTime), f.Attempts, strings.Join(f.FrameAncestors, " "),
		micros(f.CreatedAt), micros(f.DeletedAt))
	return unlessFound(n, err, idem.ErrFlowName)
}

// Get implements store.Flows.
func (t flows) Get(ctx context.Context, id idem.FlowID) (idem.Flow, error) {
	return t.one(ctx, `id = $2`, string(id))
}

// GetForUpdate implements store.Flows.
func (t flows) GetForUpdate(ctx context.Context, id idem.FlowID) (idem.Flow, error) {
	return t.one(ctx, `id = $2`+lock, string(id))
}

// ByKey implements store.Flows.
func (t flows) ByKey(ctx context.Context, key idem.CredentialID) (idem.Flow, error) {
	return t.one(ctx, `credential = $2`, string(key))
}

func (t flows) one(ctx context.Context, predicate, value string) (idem.Flow, error) {
	if !storable(value) {
		return idem.Flow{}, idem.ErrFlowNotFound
	}
	found, err := list(ctx, t.Tx, `SELECT `+flowColumns+` FROM flows WHERE org = $1 AND `+predicate, []any{t.org, value}, scanFlow)
	if err == nil && len(found) == 0 {
		err = idem.ErrFlowNotFound
	}
	if err != nil {
		return idem.Flow{}, err
	}
	return found[0], nil
}

// Save implements store.Flows.
func (t flows) Save(ctx context.Context, f idem.Flow) error {
	config, err := encodeConfig(f.Config)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE flows SET name = $3, config = $4, credential = $5, session_seconds = $6, attempts = $7, deleted_at = $8,
		frame_ancestors = $9
		WHERE org = $1 AND id = $2`, t.org, f.ID, f.Name, config, f.Key, seconds(f.SessionTime), f.Attempts, micros(f.DeletedAt), strings.Join(f.FrameAncestors, " "))
	if errors.Is(err, store.ErrDuplicateRow) {
		return idem.ErrFlowName
	}
	return unlessFound(n, err, idem.ErrFlowNotFound)
}

// List implements store.Flows.
func (t flows) List(ctx context.Context) ([]idem.Flow, error) {
	return list(ctx, t.Tx, `SELECT `+flowColumns+` FROM flows WHERE org = $1 AND deleted_at = 0 ORDER BY created_at, id`, []any{t.org}, scanFlow)
}
