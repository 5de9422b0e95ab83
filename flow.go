package idem

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Flow is an ordered list of technologies that a person goes through. Sessions
// are opened with its key.
type Flow struct {
	ID           FlowID
	Name         string     // 1..100 characters, unique among the flows that are not deleted
	Technologies []TechCode // in the order in which they run; never changes
	Config       PersonConfig
	Key          CredentialID
	SessionTime  time.Duration // from opening to expiry, 1 minute..24 hours
	Attempts     int           // of each step, 1..10
	// FrameAncestors are the origins that may show the pages of its sessions in
	// a frame, besides the server's own.
	FrameAncestors []string
	CreatedAt      time.Time
	DeletedAt      time.Time // zero while sessions can be opened
}

// PersonConfig is what a flow has to do with persons. A session keeps the one
// that its flow had when it was opened.
type PersonConfig struct {
	// Collect makes or updates a person of what each session proved.
	Collect bool
	// ForceVerification makes new persons verified whatever the faces said.
	ForceVerification bool
	// SkipKnown copies the results of SkipTechnologies from earlier sessions of
	// a person whom the metadata names. They are at most SkipMaxAge old; 0 is
	// any age.
	SkipKnown        bool
	SkipTechnologies []TechCode // ED and DR only: presence must be fresh
	SkipMaxAge       time.Duration
	// PersonPhoto compares the face with the best photo of the known person.
	PersonPhoto bool
	// CustomAliasKey is the member of the metadata that becomes a CUSTOM alias.
	CustomAliasKey string
	// LookupKeys are the members that may name a known person and become
	// nothing, among those of Hints.
	LookupKeys []string
	// FailedMatch is what is collected when the faces differ.
	FailedMatch FailedMatchPolicy
	// Conflict is what happens when several persons answer to the aliases.
	Conflict ConflictPolicy
	// CollectWithoutAlias makes a person of a photo alone, each time a new one.
	CollectWithoutAlias bool
	// Deleted is what happens when only a deleted person answers to the aliases.
	Deleted DeletedMatchPolicy
}

// FailedMatchPolicy says what is collected from a session whose Face2Face
// failed.
type FailedMatchPolicy string

// The policies of a failed Face2Face: all but the live photo, everything,
// nothing.
const (
	FailedExcludeLive FailedMatchPolicy = "EXCLUDE_LIVE"
	FailedCollectAll  FailedMatchPolicy = "COLLECT_ALL"
	FailedSkipSession FailedMatchPolicy = "SKIP_SESSION"
)

// ConflictPolicy says who is taken when several persons answer to the aliases.
type ConflictPolicy string

// The policies of conflicts: always an operator's decision, or the one owner
// of the personal number if there is one.
const (
	ConflictReview      ConflictPolicy = "REVIEW"
	ConflictStrongFirst ConflictPolicy = "STRONG_FIRST"
)

// DeletedMatchPolicy says what becomes of a session whose aliases only a
// deleted person had.
type DeletedMatchPolicy string

// The policies of deleted persons: make a new person, or restore the deleted
// one if it is the only one and nothing stands against it.
const (
	DeletedIgnore  DeletedMatchPolicy = "IGNORE"
	DeletedRestore DeletedMatchPolicy = "RESTORE"
)

// The refusals of flows.
var (
	ErrFlowNotFound = Errorf(NotFound, "FLOW_NOT_FOUND", "no such flow")
	ErrFlowDeleted  = Errorf(Conflict, "FLOW_DELETED", "the flow is deleted")
	ErrFlowEmpty    = Errorf(Unprocessable, "FLOW_EMPTY", "a flow has at least one technology").At("technologies")
	ErrFlowOrder    = Errorf(Unprocessable, "FLOW_ORDER_INVALID", "Face2Face needs a liveness step and a document before it, or the photos of persons").At("technologies")
	ErrFlowName     = Errorf(Conflict, "FLOW_NAME_TAKEN", "another flow has this name").At("name")
)

// DefaultPersonConfig returns what a flow begins with, without collection: that
// needs a subscription of PERSONS.
func DefaultPersonConfig() PersonConfig {
	return PersonConfig{
		SkipTechnologies: []TechCode{TechEDocument}, CustomAliasKey: "custom_id", LookupKeys: lookupKeys(),
		FailedMatch: FailedExcludeLive, Conflict: ConflictReview, CollectWithoutAlias: true, Deleted: DeletedIgnore,
	}
}

// lookups are the members of metadata that may name a person, and as what.
var lookups = []struct {
	key  string
	kind AliasType
}{
	{"custom_id", AliasCustom}, {"person_id", AliasSystemID}, {"iin", AliasPersonalNumber},
	{"phone", AliasPhone}, {"document_number", AliasDocumentNumber},
}

func lookupKeys() (keys []string) {
	for _, l := range lookups {
		keys = append(keys, l.key)
	}
	return keys
}

// Hints returns the aliases (type and value) by which metadata may name a known
// person: those of CustomAliasKey and of LookupKeys. metadata has the texts of
// each member.
func (c *PersonConfig) Hints(metadata map[string][]string) (out []Alias) {
	add := func(t AliasType, key string) {
		for _, v := range metadata[key] {
			out = append(out, Alias{Type: t, Value: v})
		}
	}
	add(AliasCustom, c.CustomAliasKey)
	for _, l := range lookups {
		if slices.Contains(c.LookupKeys, l.key) && l.key != c.CustomAliasKey {
			add(l.kind, l.key)
		}
	}
	return out
}

// The defaults of sessions.
const (
	DefaultSessionTime = 30 * time.Minute
	DefaultAttempts    = 3
)

// FlowTechnologies lists the codes that can be steps.
func FlowTechnologies() []TechCode {
	return slices.DeleteFunc(Technologies(), func(c TechCode) bool { return c == TechPersons })
}

// Liveness reports whether the technology proves presence.
func (c TechCode) Liveness() bool {
	switch c {
	case TechLivenessHead, TechLivenessDistance, TechLivenessShort, TechLivenessPro:
		return true
	}
	return false
}

// Documentary reports whether the technology gives the portrait of a document.
func (c TechCode) Documentary() bool { return c == TechEDocument || c == TechDocumentRecognition }

// Validate reports the first fault of a flow: ErrFlowEmpty, ErrFlowOrder,
// TECHNOLOGY_UNKNOWN or VALIDATION_FAILED with its field.
func (f *Flow) Validate() error {
	fault := Errorf(Unprocessable, "VALIDATION_FAILED", "the value is out of range")
	switch {
	case !validName(f.Name):
		return Errorf(fault.Kind, fault.Code, "the name has 1 to 100 characters").At("name")
	case len(f.Technologies) == 0:
		return ErrFlowEmpty
	case f.SessionTime < time.Minute || f.SessionTime > 24*time.Hour:
		return fault.At("session_seconds")
	case f.Attempts < 1 || f.Attempts > 10:
		return fault.At("attempts")
	}
	if err := f.checkTechnologies(); err != nil {
		return err
	}
	if _, err := Origins(f.FrameAncestors); err != nil {
		return err
	}
	return f.Config.Validate()
}

func validName(name string) bool {
	return utf8.ValidString(name) && strings.TrimSpace(name) != "" && utf8.RuneCountInString(name) <= 100 && !hasControl(name)
}

// checkTechnologies holds the order: Face2Face comes behind what it compares.
func (f *Flow) checkTechnologies() error {
	face, reference := false, f.Config.PersonPhoto
	for i, c := range f.Technologies {
		switch {
		case !slices.Contains(FlowTechnologies(), c):
			return unknownTechnology("steps", FlowTechnologies()).At("technologies").With("technology", string(c))
		case slices.Contains(f.Technologies[:i], c):
			return Errorf(Unprocessable, "VALIDATION_FAILED", "a technology is named twice").At("technologies").With("technology", string(c))
		case c == TechFace2Face && !(face && reference):
			return ErrFlowOrder
		}
		face, reference = face || c.Liveness(), reference || c.Documentary()
	}
	return nil
}

// Validate reports the first setting that is out of range, of code
// VALIDATION_FAILED with its field.
func (c *PersonConfig) Validate() error {
	fault := Errorf(Unprocessable, "VALIDATION_FAILED", "the setting is out of range")
	switch {
	case slices.ContainsFunc(c.SkipTechnologies, func(t TechCode) bool { return !t.Documentary() }):
		return Errorf(fault.Kind, fault.Code, "only ED and DR can be skipped").At("person_config.skip_technologies")
	case c.SkipMaxAge < 0:
		return fault.At("person_config.skip_max_age_hours")
	case len(c.CustomAliasKey) > 64:
		return fault.At("person_config.custom_alias_key")
	case slices.ContainsFunc(c.LookupKeys, func(k string) bool { return !slices.Contains(lookupKeys(), k) }):
		return Errorf(fault.Kind, fault.Code, "the keys are among %s", strings.Join(lookupKeys(), ", ")).At("person_config.lookup_keys")
	case !slices.Contains([]FailedMatchPolicy{FailedExcludeLive, FailedCollectAll, FailedSkipSession}, c.FailedMatch):
		return fault.At("person_config.failed_f2f_policy")
	case !slices.Contains([]ConflictPolicy{ConflictReview, ConflictStrongFirst}, c.Conflict):
		return fault.At("person_config.conflict_policy")
	case !slices.Contains([]DeletedMatchPolicy{DeletedIgnore, DeletedRestore}, c.Deleted):
		return fault.At("person_config.deleted_match_policy")
	}
	return nil
}

// Delete ends the opening of sessions; a second time it is ErrFlowDeleted.
func (f *Flow) Delete(now time.Time) error {
	if !f.DeletedAt.IsZero() {
		return ErrFlowDeleted
	}
	f.DeletedAt = now
	return nil
}

// Open makes a new session of the flow, ErrFlowDeleted when it is deleted.
func (f *Flow) Open(id SessionID, key DataKeyID, now time.Time) (Session, error) {
	if !f.DeletedAt.IsZero() {
		return Session{}, ErrFlowDeleted
	}
	s := Session{ID: id, Flow: f.ID, FlowName: f.Name, State: SessionNew, Config: f.Config, Attempts: f.Attempts,
		DataKey: key, CreatedAt: now, ExpiresAt: now.Add(f.SessionTime)}
	for _, c := range f.Technologies {
		s.Steps = append(s.Steps, Step{Technology: c, State: StepPending})
	}
	return s, nil
}
