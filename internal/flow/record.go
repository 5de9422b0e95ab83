package flow

import (
	"context"
	"reflect"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// record adds to the instance's audit, last in the transaction of the change.
func (f *Flows) record(ctx context.Context, tx store.Tx, who idem.Actor, what idem.InstanceActionType, details map[string]any) error {
	return store.Record(ctx, tx, f.Account, who, what, details)
}

// describe tells what a flow is, without its name.
func describe(f idem.Flow) map[string]any {
	return map[string]any{"flow": f.ID, "key": f.Key, "technologies": f.Technologies, "settings": settingsOf(f)}
}

// settingsOf lists what can be changed in a flow, by the names of the native
// API, but its name.
func settingsOf(f idem.Flow) map[string]any {
	c := f.Config
	return map[string]any{
		"session_seconds":       int(f.SessionTime / time.Second),
		"attempts":              f.Attempts,
		"frame_ancestors":       append([]string{}, f.FrameAncestors...),
		"collection_enabled":    c.Collect,
		"force_verification":    c.ForceVerification,
		"skip_known":            c.SkipKnown,
		"skip_technologies":     append([]idem.TechCode{}, c.SkipTechnologies...),
		"skip_max_age_hours":    int(c.SkipMaxAge / time.Hour),
		"use_for_face2face":     c.PersonPhoto,
		"custom_alias_key":      c.CustomAliasKey,
		"lookup_keys":           append([]string{}, c.LookupKeys...),
		"failed_f2f_policy":     c.FailedMatch,
		"conflict_policy":       c.Conflict,
		"collect_without_alias": c.CollectWithoutAlias,
		"deleted_match_policy":  c.Deleted,
	}
}

// changesOf lists the settings that differ, with both values, and that the name
// was changed; it is empty when nothing differs.
func changesOf(before, after idem.Flow) map[string]any {
	out := map[string]any{}
	if before.Name != after.Name {
		out["name"] = "changed"
	}
	old := settingsOf(before)
	for name, value := range settingsOf(after) {
		if !reflect.DeepEqual(old[name], value) {
			out[name] = map[string]any{"old": old[name], "new": value}
		}
	}
	return out
}

// recordChange tells what became of a flow; nothing when nothing did.
func (f *Flows) recordChange(ctx context.Context, tx store.Tx, who idem.Actor, before, after idem.Flow) error {
	details := changesOf(before, after)
	if len(details) == 0 {
		return nil
	}
	details["flow"] = after.ID
	return f.record(ctx, tx, who, idem.ActionFlowChanged, details)
}
