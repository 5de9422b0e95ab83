package idem

import (
	"cmp"
	"slices"
	"time"
)

// CollectionState is where the collection of a session into a person stands.
type CollectionState string

// A queued collection ends as done, skipped for a reason, as a conflict that
// an operator resolves, or as failed, which a further run of its job mends.
const (
	CollectionQueued   CollectionState = "QUEUED"
	CollectionDone     CollectionState = "DONE"
	CollectionSkipped  CollectionState = "SKIPPED"
	CollectionConflict CollectionState = "CONFLICT"
	CollectionFailed   CollectionState = "FAILED"
)

// CollectionReason says why nothing was written.
type CollectionReason string

// The reasons: of skipping, then of conflicts.
const (
	CollectionDisabled        CollectionReason = "DISABLED"
	CollectionNothing         CollectionReason = "NOTHING_EXTRACTED"
	CollectionFacesDiffer     CollectionReason = "FACES_DIFFER"
	CollectionNoSubscription  CollectionReason = "SUBSCRIPTION_REQUIRED"
	CollectionLimitReached    CollectionReason = "LIMIT_REACHED"
	CollectionDiscarded       CollectionReason = "DISCARDED"
	CollectionNumbersDiffer   CollectionReason = "INTRA_SESSION_MISMATCH" // ED and DR name different persons
	CollectionSeveralPersons  CollectionReason = "SEVERAL_PERSONS"
	CollectionIdentityDiffers CollectionReason = "IDENTITY_MISMATCH" // a weak alias leads to another personal number
	CollectionLookupDiffers   CollectionReason = "LOOKUP_MISMATCH"   // the metadata named another person
)

// Collection is what became of one ended session.
type Collection struct {
	Session   SessionID
	State     CollectionState
	Reason    CollectionReason
	Person    PersonID // made or updated; "" otherwise
	Hits      []Hit    // whom the aliases of a conflict belong to
	CreatedAt time.Time
	EndedAt   time.Time // zero while queued
}

// Hit is an alias that a live person owns.
type Hit struct {
	Type   AliasType
	Person PersonID
}

// Collection is what follows from a session that ended: a queued one, or one
// that is skipped at once where the flow makes no persons. Demonstrations and
// sessions that expired have none.
func (s *Session) Collection(now time.Time) (c Collection, ok bool) {
	if s.Demo || s.State == SessionExpired || !s.Ended() {
		return Collection{}, false
	}
	c = Collection{Session: s.ID, State: CollectionQueued, CreatedAt: now}
	if !s.Config.Collect {
		c.State, c.Reason, c.EndedAt = CollectionSkipped, CollectionDisabled, now
	}
	return c, true
}

// Closed reports whether nothing more may happen. A conflict is open to an
// operator's decision only.
func (c *Collection) Closed(decided bool) bool {
	switch c.State {
	case CollectionQueued, CollectionFailed:
		return false
	case CollectionConflict:
		return !decided
	}
	return true
}

// End closes a queued or failed collection, or one in conflict that an operator
// resolved; otherwise it is SESSION_STATE.
func (c *Collection) End(state CollectionState, reason CollectionReason, person PersonID, now time.Time) error {
	if c.Closed(true) {
		return ErrSessionState.With("collection", string(c.State))
	}
	c.State, c.Reason, c.Person, c.EndedAt = state, reason, person, now
	return nil
}

// Erase forgets whom the aliases of an erased session belong to, and discards
// what is open; a queued one is SESSION_STATE, its job may be at work.
func (c *Collection) Erase(now time.Time) error {
	if c.State == CollectionQueued {
		return ErrSessionState.Saying("the session waits for its collection").With("collection", string(c.State))
	}
	c.Hits = nil
	if c.Closed(true) {
		return nil
	}
	return c.End(CollectionSkipped, CollectionDiscarded, "", now)
}

// LinkRole says what a session did to a person.
type LinkRole string

// The roles.
const (
	LinkCreated LinkRole = "CREATED"
	LinkUpdated LinkRole = "UPDATED"
	LinkMatched LinkRole = "MATCHED"     // nothing was new
	LinkLookup  LinkRole = "SKIP_LOOKUP" // results were copied from the person's earlier sessions
)

// SessionLink joins a session and a person.
type SessionLink struct {
	Person  PersonID
	Session SessionID
	Role    LinkRole
	At      time.Time
}

// Harvest is what a session yields for a person.
type Harvest struct {
	Aliases []Alias // type, value and norm; in the order of their keys, each once
	Photos  []HarvestedPhoto
	// Match is the result of Face2Face, nil when that was not run.
	Match *bool
	// Faced is whose photo the face matched; "" when it was the session's own
	// document, or did not match.
	Faced PersonID
}

// HarvestedPhoto is a picture of the session and what it becomes.
type HarvestedPhoto struct {
	Type PhotoType
	Blob BlobRef
}

// Harvest extracts what the steps that passed say of a person, and the CUSTOM
// aliases among the texts of the metadata. The reason is not empty when there
// is nothing to collect, or when documents contradict each other, which is
// CollectionNumbersDiffer.
func (s *Session) Harvest(settings Settings, metadata map[string][]string) (Harvest, CollectionReason) {
	h := Harvest{}
	h.Match, h.Faced = s.matched()
	if !slices.ContainsFunc(s.Steps, func(p Step) bool { return p.Contributes() }) {
		return h, CollectionNothing
	}
	differ := h.Match != nil && !*h.Match
	if differ && s.Config.FailedMatch == FailedSkipSession {
		return h, CollectionFacesDiffer
	}
	for _, c := range []TechCode{TechEDocument, TechDocumentRecognition} {
		if p := s.Contribution(c); p != nil && p.Result.Document != nil {
			h.addDocument(settings, p.Result.Document)
		}
	}
	if len(h.norms(AliasPersonalNumber)) > 1 {
		return h, CollectionNumbersDiffer
	}
	for _, value := range metadata[s.Config.CustomAliasKey] {
		h.addAlias(settings, AliasCustom, value)
	}
	h.addPhotos(s, differ && s.Config.FailedMatch == FailedExcludeLive)
	h.sort()
	if len(h.Aliases) == 0 && (len(h.Photos) == 0 || !s.Config.CollectWithoutAlias) {
		return h, CollectionNothing
	}
	return h, ""
}

// matched is the result of a Face2Face that was run, and the person whom the
// metadata named if it was their photo that matched.
func (s *Session) matched() (match *bool, faced PersonID) {
	for i := range s.Steps {
		p := &s.Steps[i]
		if p.Technology != TechFace2Face || p.Result == nil {
			continue
		}
		if m := p.Result.Match; p.Result.Passed && m != nil && m.Source == ReferencePerson {
			faced = s.Person
		}
		return &p.Result.Passed, faced
	}
	return nil, ""
}

func (h *Harvest) addDocument(s Settings, d *DocumentResult) {
	h.addAlias(s, AliasPersonalNumber, d.PersonalNumber)
	h.addAlias(s, AliasDocumentNumber, d.Number)
	h.addAlias(s, AliasPhone, d.Phone)
}

// addAlias adds what can be an alias and is not there yet.
func (h *Harvest) addAlias(s Settings, t AliasType, value string) {
	norm, err := s.Normalise(t, value)
	if err != nil || slices.Contains(h.norms(t), norm) {
		return
	}
	h.Aliases = append(h.Aliases, Alias{Type: t, Value: value, Norm: norm})
}

func (h *Harvest) norms(t AliasType) (out []string) {
	for _, a := range h.Aliases {
		if a.Type == t {
			out = append(out, a.Norm)
		}
	}
	return out
}

func (h *Harvest) addPhotos(s *Session, withoutLive bool) {
	for _, from := range []struct {
		code TechCode
		kind PhotoType
	}{{TechEDocument, PhotoDigital}, {TechDocumentRecognition, PhotoScan}} {
		if p := s.Contribution(from.code); p != nil && p.Result.Face != "" {
			h.Photos = append(h.Photos, HarvestedPhoto{from.kind, p.Result.Face})
		}
	}
	if frame := s.Frame(); frame != "" && !withoutLive {
		h.Photos = append(h.Photos, HarvestedPhoto{PhotoLive, frame})
	}
}

func (h *Harvest) sort() {
	slices.SortFunc(h.Aliases, func(a, b Alias) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Norm, b.Norm))
	})
}

// Verifies reports whether the faces of this very session matched.
func (h *Harvest) Verifies() bool { return h.Match != nil && *h.Match }

// VerifiesAs is Verifies for a person whom an operator chose, "" for a new one:
// the face that matched a person's photo proves nobody else.
func (h *Harvest) VerifiesAs(who PersonID) bool {
	return h.Verifies() && (h.Faced == "" || h.Faced == who)
}

// Target says whose the harvest is: the person to update, or "" for a new one.
// owners are the live owners of the aliases, one for each alias in its order
// and "" for nobody; numbers are the normalised personal numbers of each
// owner. A reason that is not empty is a conflict, with the hits: also where the
// face was proven to be that of a person who owns none of the aliases.
func (h *Harvest) Target(owners []PersonID, numbers map[PersonID][]string, lookup PersonID, policy ConflictPolicy) (PersonID, CollectionReason, []Hit) {
	var hits []Hit
	var persons []PersonID
	strong := PersonID("")
	for i, who := range owners {
		if who == "" {
			continue
		}
		hits = append(hits, Hit{h.Aliases[i].Type, who})
		if !slices.Contains(persons, who) {
			persons = append(persons, who)
		}
		if h.Aliases[i].Type == AliasPersonalNumber {
			strong = who
		}
	}
	switch {
	case len(persons) == 0 && h.Faced != "":
		return "", CollectionLookupDiffers, nil
	case len(persons) == 0:
		return "", "", nil
	case len(persons) > 1 && (policy != ConflictStrongFirst || strong == ""):
		return "", CollectionSeveralPersons, hits
	case len(persons) == 1:
		strong = persons[0]
	}
	return h.confirm(strong, numbers[strong], lookup, hits)
}

// confirm holds the one owner against what else is known.
func (h *Harvest) confirm(who PersonID, numbers []string, lookup PersonID, hits []Hit) (PersonID, CollectionReason, []Hit) {
	own := h.norms(AliasPersonalNumber)
	contradicts := len(own) > 0 && len(numbers) > 0 && !slices.Contains(numbers, own[0])
	switch {
	case contradicts:
		return "", CollectionIdentityDiffers, hits
	case lookup != "" && lookup != who, h.Faced != "" && h.Faced != who:
		return "", CollectionLookupDiffers, hits
	}
	return who, "", nil
}

// References returns the photos of a person that a face may be compared with,
// the best first: by type, then the default, then the newest.
func References(photos []Photo) []Photo {
	usable := slices.DeleteFunc(slices.Clone(photos), func(p Photo) bool { return p.FaceCode != "OK" })
	slices.SortStableFunc(usable, func(a, b Photo) int {
		return cmp.Or(cmp.Compare(a.Type.Priority(), b.Type.Priority()), order(b.Default, a.Default), b.CreatedAt.Compare(a.CreatedAt))
	})
	return usable
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
