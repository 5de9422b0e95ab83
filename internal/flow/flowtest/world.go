package flowtest

import (
	"context"
	"image"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/face/recent"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
	"github.com/idem-id/idem/internal/tech/run"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

// World is everything that runs flows over one database.
type World struct {
	testing.TB
	Flows    *flow.Flows
	Registry *registry.Registry
	Access   *access.Access
	Store    store.Store
	Clock    *Clock
	Org      idem.OrgID
	Admin    idem.Principal // of the organisation, a cabinet's operator
	Secret   string         // key of the native API
	Persons  string         // key of the Persons API
	Head     *Scripted      // LDHP
	Document *Scripted      // DR
	Holder   *Holder        // answers for ED
	Events   *Events
	Engine   *Counted
	Folder   string // of the pictures
}

// Counted is a face engine that counts its analyses.
type Counted struct {
	face.Engine
	n atomic.Int64
}

// Analyse counts one.
func (c *Counted) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	c.n.Add(1)
	return c.Engine.Analyse(ctx, img, want)
}

// Analyses is how many there were.
func (c *Counted) Analyses() int64 { return c.n.Load() }

// Clock is a time that tests move.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the system's time and what it was moved.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance moves the time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Each runs f on both databases.
func Each(t *testing.T, f func(*World)) {
	v, clock := vaulttest.New(t), &Clock{}
	storetest.Each(t, func(t *testing.T, s store.Store) { f(newWorld(t, s, v, clock)) }, storetest.WithSealer(v), storetest.WithClock(clock.Now))
}

func newWorld(t testing.TB, s store.Store, v *vault.Vault, clock *Clock) *World {
	w := &World{TB: t, Store: s, Clock: clock, Events: &Events{}, Engine: &Counted{Engine: facetest.Fake{}}, Folder: t.TempDir()}
	files, err := dir.Open(w.Folder)
	w.Must(err)
	t.Cleanup(func() { w.Must(files.Close()) })
	blobs, pictures, engine := blob.NewSealed(files, v), picture.NewDecoder(picture.DefaultLimits(), nil), recent.New(w.Engine)
	m := engine.Model()
	model := gallery.Model{ID: m.ID, Short: m.Short, Dim: m.Dim}
	w.Registry = registry.New(registry.Deps{Store: s, Vault: v, Blobs: blobs, Gallery: gallery.New(s, v, ram.New(model), model, gallery.Options{}),
		Engine: engine, Pictures: pictures, IDs: idem.UUIDv7{}})
	w.Access = access.New(access.Deps{Store: s, Blinder: v, Keys: v, IDs: idem.UUIDv7{}})
	w.Head, w.Document, w.Holder = NewScripted(idem.TechLivenessHead), NewScripted(idem.TechDocumentRecognition), &Holder{}
	chips := edocument.New(edocument.Deps{Decoder: pictures, Providers: provider.Set{w.Holder}})
	list := []tech.Technology{w.Head, w.Document, chips, facematch.New(engine)}
	for _, l := range liveness.New(engine, time.Now) {
		if l.Code() != idem.TechLivenessHead {
			list = append(list, l)
		}
	}
	w.Flows = flow.New(flow.Deps{Store: s, Registry: w.Registry, Vault: v, Blobs: blobs, Pictures: pictures, Keys: w.Access, Locales: []string{"en", "kz", "ru"},
		Technologies: list, Runner: run.New(run.Bounds{}), IDs: idem.UUIDv7{}, Emit: w.Events.take, Log: slog.New(slog.DiscardHandler)})
	w.organisation(v)
	return w
}

// organisation makes one with every technology and the keys of both APIs.
func (w *World) organisation(v *vault.Vault) {
	ctx := w.Context()
	w.Org = idem.OrgID(idem.UUIDv7{}.New())
	w.Must(v.CreateOrg(ctx, w.Org))
	o := idem.Organisation{ID: w.Org, Name: "Test", Settings: idem.DefaultSettings(), CreatedAt: time.Now().UTC(), Version: 1}
	w.Must(w.Store.System().CreateOrganisation(ctx, o, nil))
	for _, c := range idem.Technologies() {
		w.Limit(c, idem.Unlimited)
	}
	w.Admin = idem.Principal{Org: w.Org, Permissions: idem.AllPermissions(),
		Actor: idem.Actor{Source: idem.SourceCabinet, Operator: idem.OperatorID(idem.UUIDv7{}.New())}}
	var err error
	_, w.Secret, err = w.Access.CreateCredential(ctx, w.Admin, access.NewCredential{Kind: idem.CredentialSecret, Name: "native"})
	w.Must(err)
	_, w.Persons, err = w.Access.CreateCredential(ctx, w.Admin, access.NewCredential{Kind: idem.CredentialPersons, Name: "persons"})
	w.Must(err)
}

// Must ends the test on an error.
func (w *World) Must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Limit gives the organisation n units of a technology; 0 takes it away.
func (w *World) Limit(code idem.TechCode, n int64) {
	w.Helper()
	w.Must(w.Access.Limit(w.Context(), w.Org, code, n))
}

// Left is how many units of a technology are left.
func (w *World) Left(code idem.TechCode) (left int64) {
	w.Helper()
	subs, err := w.Access.SubscriptionsOf(w.Context(), w.Org)
	w.Must(err)
	for _, s := range subs {
		if s.Technology == code && s.Status == idem.SubscriptionActive {
			left += s.Left
		}
	}
	return left
}

// Flow defines a flow of the technologies. change may be nil.
func (w *World) Flow(change func(*idem.PersonConfig), codes ...idem.TechCode) idem.Flow {
	w.Helper()
	f, err := w.Flows.Define(w.Context(), w.Admin, flow.NewFlow{Name: "flow " + idem.UUIDv7{}.New(), Technologies: codes, Config: change})
	w.Must(err)
	return f
}

// Client is who shows the key of a flow.
func (w *World) Client(f idem.Flow) idem.Principal {
	return idem.Principal{Org: w.Org, Actor: idem.Actor{Source: idem.SourceAPI, Credential: f.Key}, Permissions: []idem.Permission{idem.SessionsOpen}}
}

// Open opens a session with metadata, "" for none.
func (w *World) Open(f idem.Flow, metadata string) idem.Session {
	w.Helper()
	o := flow.Opening{}
	if metadata != "" {
		o.Metadata = []byte(metadata)
	}
	s, err := w.Flows.Open(w.Context(), w.Client(f), o)
	w.Must(err)
	return s
}

// Evidence brings frames of a face.
func Evidence(identity string, variant uint8) run.Bring {
	return func(context.Context) (tech.Evidence, error) {
		return tech.Evidence{Frames: []tech.Frame{{Image: facetest.Picture(identity, variant)}}}, nil
	}
}

// Events keeps what was told.
type Events struct {
	mu   sync.Mutex
	list []string
}

func (e *Events) take(_ context.Context, _ store.Tx, event flow.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	line := string(event.Name)
	if event.Name == idem.EventTechnologyStart || event.Name == idem.EventTechnologyEnd {
		line += " " + string(event.Session.Steps[event.Step].Technology) + " " + string(event.Session.Steps[event.Step].State)
	}
	if event.Name == idem.EventFlowEnd {
		line += " " + string(event.Session.State)
	}
	if c := event.Collection; c != nil {
		line += " " + string(c.Person) + string(c.Reason)
	}
	e.list = append(e.list, line)
	return nil
}

// Take returns what was told since the last time.
func (e *Events) Take() (list []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list, e.list = e.list, nil
	return list
}

// IIN is a personal number of the holder, Phone that of the holder's phone.
const (
	IIN   = "900102300017"
	Phone = "+77001234567"
)

// Step gives one step what it wants, in the way of a client. It ends the test
// on a refusal; a technology that does not pass is none.
func (w *World) Step(id idem.SessionID, step int) idem.Session {
	w.Helper()
	return w.StepOf(id, step, IIN, Phone)
}

// StepOf is Step with another holder of the electronic document.
func (w *World) StepOf(id idem.SessionID, step int, iin, phone string) (s idem.Session) {
	w.Helper()
	s, err := w.Flows.State(w.Context(), id)
	w.Must(err)
	switch c := s.Steps[step].Technology; {
	case c == idem.TechEDocument:
		s, err = w.Flows.AskProvider(w.Context(), id, step, "", provider.Request{PersonalNumber: iin, Phone: phone}, "")
		if w.Must(err); s.Ended() {
			return s
		}
		s, _, err = w.Flows.Approve(w.Context(), id, step, "123456")
	case c == idem.TechFace2Face:
		s, _, err = w.Flows.Submit(w.Context(), id, step, nil)
	default:
		s, _, err = w.Flows.Submit(w.Context(), id, step, Evidence("ann", 1))
	}
	w.Must(err)
	return s
}

// Finish starts a session and runs its steps until it ends.
func (w *World) Finish(id idem.SessionID) idem.Session { return w.FinishAs(id, IIN, Phone) }

// FinishAs is Finish with another holder of the electronic document.
func (w *World) FinishAs(id idem.SessionID, iin, phone string) idem.Session {
	w.Helper()
	s, err := w.Flows.Start(w.Context(), id)
	w.Must(err)
	for range 20 {
		if s.Ended() {
			return s
		}
		s = w.StepOf(id, s.Current(), iin, phone)
	}
	w.Fatalf("the session does not end: %+v", s)
	return s
}

// Collect does the session's collection.
func (w *World) Collect(id idem.SessionID) idem.Collection {
	w.Helper()
	c, err := w.Flows.Collect(w.Context(), w.Org, id)
	w.Must(err)
	return c
}

// Onboard runs a session of the flow to its end and collects it.
func (w *World) Onboard(f idem.Flow, metadata string) (idem.Session, idem.Collection) {
	w.Helper()
	s := w.Finish(w.Open(f, metadata).ID)
	return s, w.Collect(s.ID)
}

// Person returns a person as it is now.
func (w *World) Person(id idem.PersonID) registry.View {
	w.Helper()
	v, err := w.Registry.Get(w.Context(), w.Admin, id)
	w.Must(err)
	return v
}

// Count is how many live persons there are.
func (w *World) Count() int64 {
	w.Helper()
	_, _, n, err := w.Registry.List(w.Context(), w.Admin, registry.Query{}, store.Page{Limit: 1})
	w.Must(err)
	return n
}

// Actions lists what happened to a person, oldest first.
func (w *World) Actions(id idem.PersonID) []idem.Action {
	w.Helper()
	list, _, _, err := w.Registry.Actions(w.Context(), w.Admin, id, registry.ActionQuery{}, store.Page{Limit: 1000})
	w.Must(err)
	slices.Reverse(list)
	return list
}
