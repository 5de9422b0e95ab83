package access

import (
	"context"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// commandLine is the actor of what has no principal: the instance's
// administrator.
var commandLine = idem.Actor{}

// record adds to the instance's audit, in the transaction of the change.
func (a *Access) record(ctx context.Context, tx store.Tx, who idem.Actor, what idem.InstanceActionType, details map[string]any) error {
	return store.Record(ctx, tx, a.account, who, what, details)
}

// describe names a credential without its secret, hint and name.
func describe(c idem.Credential) map[string]any {
	out := map[string]any{"key": c.ID, "kind": c.Kind, "permissions": c.Permissions}
	addTime(out, "expires_at", c.ExpiresAt)
	return out
}

func describeGrant(s idem.Subscription) map[string]any {
	out := map[string]any{"subscription": s.ID, "technology": s.Technology, "total": s.Total}
	addTime(out, "starts_at", s.StartsAt)
	addTime(out, "ends_at", s.EndsAt)
	return out
}

func addTime(to map[string]any, name string, at time.Time) {
	if !at.IsZero() {
		to[name] = at.UTC().Format(time.RFC3339)
	}
}

// changesOf lists the settings that differ, with both values, and that the name
// was changed.
func changesOf(before, after idem.Organisation) map[string]any {
	out := map[string]any{}
	if before.Name != after.Name {
		out["name"] = "changed"
	}
	b, a := before.Settings, after.Settings
	for _, s := range []struct {
		name     string
		old, new any
	}{
		{"face_uniqueness", b.FaceUniqueness, a.FaceUniqueness},
		{"duplicate_fmr", b.DuplicateFMR, a.DuplicateFMR},
		{"similar_fmr", b.SimilarFMR, a.SimilarFMR},
		{"match_fmr", b.MatchFMR, a.MatchFMR},
		{"country", b.Country, a.Country},
		{"phone_prefix", b.PhonePrefix, a.PhonePrefix},
		{"max_photos", b.MaxPhotos, a.MaxPhotos},
		{"codes_per_hour", b.CodesPerHour, a.CodesPerHour},
	} {
		if s.old != s.new {
			out[s.name] = map[string]any{"old": s.old, "new": s.new}
		}
	}
	return out
}

// operatorChanges is what became of an operator; nil when nothing did.
func operatorChanges(before, after idem.Operator) map[string]any {
	out := map[string]any{}
	if before.Role != after.Role {
		out["role"] = map[string]any{"old": before.Role, "new": after.Role}
	}
	if before.DisabledAt.IsZero() != after.DisabledAt.IsZero() {
		out["disabled"] = !after.DisabledAt.IsZero()
	}
	if before.PasswordHash != after.PasswordHash {
		out["password"] = "changed"
	}
	if len(out) == 0 {
		return nil
	}
	out["operator"] = after.ID
	return out
}
