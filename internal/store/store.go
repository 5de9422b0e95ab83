package store

import (
	"context"
	"time"

	"github.com/idem-id/idem"
)

// Store is the system of record. Implementations are safe for concurrent use.
type Store interface {
	// View runs f in a read-only transaction of one organisation: everything
	// that f reads is of one moment.
	View(ctx context.Context, org idem.OrgID, f func(Tx) error) error
	// Update runs f in a read-write transaction of one organisation and makes
	// its changes durable before it returns nil. When f fails nothing is kept.
	// f may run more than once (a backend retries what it lost to a
	// concurrent transaction), so it must not change anything outside. It must
	// not start another Update, which could wait for this one.
	Update(ctx context.Context, org idem.OrgID, f func(Tx) error) error
	// System gives the few operations that belong to no organisation.
	System() System
	// Ping reports whether the database answers, as an Unavailable error
	// (code DATABASE_UNAVAILABLE) when it does not.
	Ping(ctx context.Context) error
	Close() error
}

// Tx is one transaction of one organisation. Its parts are valid until the
// function that received it returns. Every error a Tx returns is either an
// *idem.Error or an unexpected failure of the database.
//
// Rows are locked in this order, which excludes deadlocks: flows, collections,
// sessions, persons already stored, subscriptions, checks, the organisation, aliases, gallery
// head, audit head, head of the instance's audit.
//
// Every text must be UTF-8 without NUL (ErrText) and is compared and returned
// byte by byte. Writing what has a place in no organisation, or the same row a
// second time (ErrDuplicateRow), fails. In a View every change is ErrReadOnly.
type Tx interface {
	// Now is the transaction's time, UTC in microseconds; it does not change
	// within the transaction.
	Now() time.Time
	Org() idem.OrgID

	Organisations() Organisations
	Persons() Persons
	Aliases() Aliases
	Photos() Photos
	Actions() Actions
	Subscriptions() Subscriptions
	Gallery() Gallery
	Credentials() Credentials
	Operators() Operators
	Idempotency() Idempotency
	Checks() Checks
	Codes() Codes
	Instance() Instance
	Flows() Flows
	Sessions() Sessions
	Collections() Collections
	Jobs() Jobs
	Webhooks() Webhooks
	Deliveries() Deliveries
}

// System is for the instance itself: what happens before the organisation is
// known, and what creates organisations.
type System interface {
	// CreateOrganisation adds an organisation with its empty audit head, as
	// given, and runs furnish, if it is not nil, in the same transaction.
	// ErrDuplicateRow when the identifier is taken.
	CreateOrganisation(ctx context.Context, o idem.Organisation, furnish func(Tx) error) error
	// ListOrganisations returns all organisations, oldest first.
	ListOrganisations(ctx context.Context) ([]idem.Organisation, error)
	// FindCredential looks a credential up by the hash of its secret. Unknown
	// hashes are idem.NotFound with code CREDENTIAL_UNKNOWN; usability is the
	// caller's question.
	FindCredential(ctx context.Context, hash [32]byte) (idem.OrgID, idem.Credential, error)
	// FindOperators returns the operators that sign in with this e-mail
	// address, compared byte by byte, at most one per organisation.
	FindOperators(ctx context.Context, email string) ([]OrgOperator, error)
	// ExpireIdempotency forgets idempotency rows created before the given time
	// and returns how many.
	ExpireIdempotency(ctx context.Context, before time.Time) (int64, error)
	// ExpireChecks forgets stand-alone checks whose time ended before the given
	// one and returns how many.
	ExpireChecks(ctx context.Context, before time.Time) (int64, error)
	// ExpireCodes forgets codes sent before the given time and returns how many.
	ExpireCodes(ctx context.Context, before time.Time) (int64, error)
	// FindSession returns the organisation of a flow session;
	// idem.ErrSessionNotFound for an unknown one.
	FindSession(ctx context.Context, id idem.SessionID) (idem.OrgID, error)
	// OverdueSessions returns up to limit sessions that have not ended although
	// their time was over before the given one, longest overdue first.
	OverdueSessions(ctx context.Context, before time.Time, limit int) ([]OrgSession, error)
	// ExpireJobs forgets jobs that were done or discarded before the given time
	// and returns how many.
	ExpireJobs(ctx context.Context, before time.Time) (int64, error)
	// ExpireDeliveries forgets webhook events and deliveries made before the
	// given time.
	ExpireDeliveries(ctx context.Context, before time.Time) error
	// Record adds to the instance's audit what concerns no organisation, as
	// Instance.Append does.
	Record(ctx context.Context, actions ...idem.InstanceAction) error
	// InstanceActions returns up to limit actions of the instance's audit behind
	// a position, oldest first.
	InstanceActions(ctx context.Context, after int64, limit int) ([]idem.InstanceAction, error)
	// Queue hands out jobs.
	Queue() Queue
	// SchemaVersion returns the number of the newest applied migration.
	SchemaVersion(ctx context.Context) (int64, error)
}

// OrgOperator is an operator together with the organisation it belongs to.
type OrgOperator struct {
	Org      idem.OrgID
	Operator idem.Operator
}

// OrgSession is a flow session together with the organisation it belongs to.
type OrgSession struct {
	Org     idem.OrgID
	Session idem.SessionID
}

// Sealer protects personal values at the backend's border. package vault is the
// implementation.
type Sealer interface {
	// Seal encrypts plain under the data key and binds it to where it stands:
	// organisation, owner, column and row. The output names its key, is
	// different at each call, and is plain's length plus a constant.
	Seal(ctx context.Context, key idem.DataKeyID, at Place, plain []byte) ([]byte, error)
	// Open reverses Seal. A destroyed key is idem.ErrErased; any altered or
	// misplaced input is an error of code SEAL_BROKEN.
	Open(ctx context.Context, at Place, sealed []byte) ([]byte, error)
	// OrgKey is the data key for what belongs to the organisation itself.
	OrgKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error)
	// Blind is HMAC-SHA-256 of (domain, value) under the organisation's index
	// key, 32 bytes: equal values give equal output, nothing else shows.
	// The empty organisation stands for the instance.
	Blind(ctx context.Context, org idem.OrgID, domain, value string) ([]byte, error)
}

// Place is the associated data of a sealed value.
type Place struct {
	Org    idem.OrgID
	Owner  string // the person, record, credential ... the value belongs to
	Column string // "aliases.value", "templates.sealed", "blob"
	Row    string // identifier of the row
}

// Page asks for part of a list. After is the Next of the page before, "" for
// the first one. Limit is 1..1000.
type Page struct {
	After string
	Limit int
}

// Organisations reads and changes the transaction's own organisation.
type Organisations interface {
	// Get returns ErrOrganisationNotFound when there is no such organisation.
	Get(ctx context.Context) (idem.Organisation, error)
	// GetForUpdate is Get with the row locked until the transaction ends.
	GetForUpdate(ctx context.Context) (idem.Organisation, error)
	// Save writes name and settings when the stored version equals o.Version,
	// which it then increments; otherwise idem.ErrVersionMismatch.
	Save(ctx context.Context, o *idem.Organisation) error
}

// Persons keeps the individuals.
type Persons interface {
	Insert(ctx context.Context, p idem.Person) error
	// Get returns live, deleted and erased persons alike;
	// idem.ErrPersonNotFound for what the organisation does not have.
	Get(ctx context.Context, id idem.PersonID) (idem.Person, error)
	// GetForUpdate is Get with the row locked until the transaction ends: it
	// serialises changes of one person.
	GetForUpdate(ctx context.Context, id idem.PersonID) (idem.Person, error)
	// Save writes all mutable fields of a person read by GetForUpdate:
	// everything but the identifier and the creation.
	Save(ctx context.Context, p idem.Person) error
	// List returns persons newest first, and the cursor of the next page or "".
	// A Page out of range is ErrPageSize, a foreign cursor ErrCursor.
	List(ctx context.Context, q PersonQuery, page Page) ([]idem.Person, string, error)
	Count(ctx context.Context, q PersonQuery) (int64, error)
}

// PersonState selects by deletion.
type PersonState string

// The selections. The zero PersonQuery lists live persons.
const (
	StateActive  PersonState = ""
	StateDeleted PersonState = "deleted"
	StateAll     PersonState = "all"
)

// PersonQuery narrows a list; zero fields do not narrow.
type PersonQuery struct {
	State        PersonState
	Verified     *bool
	Source       idem.Source
	CreatedFrom  time.Time // inclusive
	CreatedTo    time.Time // exclusive
	UpdatedFrom  time.Time
	UpdatedTo    time.Time
	HasPhoto     *bool
	PhotoType    idem.PhotoType
	AliasType    idem.AliasType
	AliasNorms   map[idem.AliasType]string // any of these aliases
	Session      idem.SessionID            // linked to this session
	Flow         idem.FlowID               // linked to any session of this flow
	IDs          []idem.PersonID           // nil does not narrow, an empty list selects nobody
	OldestFirst  bool
	ByUpdateTime bool // order by last change instead of creation
}

// Aliases keeps the identifiers of persons. Values are sealed under the
// person's data key and found through their blind index.
type Aliases interface {
	// Insert adds an alias of a live person. idem.ErrAliasConflict when a live
	// person of the organisation has the same type and normalised value; the
	// transaction stays usable. idem.ErrPersonNotFound, ErrPersonDeleted or
	// ErrPersonErased when there is no such live person; idem.ErrAliasValue for
	// text that cannot be kept.
	Insert(ctx context.Context, key idem.DataKeyID, a idem.Alias) error
	// Update replaces value and norm of one alias of an unchanged type:
	// idem.ErrAliasConflict as with Insert, idem.ErrAliasNotFound when the
	// person has no such alias.
	Update(ctx context.Context, key idem.DataKeyID, a idem.Alias) error
	// Delete returns idem.ErrAliasNotFound when the person has no such alias.
	Delete(ctx context.Context, person idem.PersonID, id idem.AliasID) error
	// Get returns idem.ErrAliasNotFound when the person has no such alias, or
	// it can no longer be read because the data key was destroyed.
	Get(ctx context.Context, person idem.PersonID, id idem.AliasID) (idem.Alias, error)
	// List returns the aliases of the persons, oldest first within a person. Of
	// a person whose data key was destroyed it returns SYSTEM_ID alone.
	List(ctx context.Context, persons ...idem.PersonID) ([]idem.Alias, error)
	// Owners returns, for each key that a live person owns, that person.
	Owners(ctx context.Context, keys []AliasKey) (map[AliasKey]idem.PersonID, error)
	// FormerOwners returns the deleted persons that had any of the keys when they
	// were deleted, each once; erased ones are not among them.
	FormerOwners(ctx context.Context, keys []AliasKey) ([]idem.PersonID, error)
	// SetLive reserves (true) or frees (false) all aliases of one person.
	// idem.ErrAliasConflict when one is taken meanwhile.
	SetLive(ctx context.Context, person idem.PersonID, live bool) error
	// DeleteAll removes every alias of the person but SYSTEM_ID.
	DeleteAll(ctx context.Context, person idem.PersonID) error
}

// AliasKey is what alias uniqueness stands on.
type AliasKey struct {
	Type idem.AliasType
	Norm string
}

// Photos keeps the pictures' rows; the bytes are in the blob store. What names
// a photo that the person does not have is idem.ErrPhotoNotFound.
type Photos interface {
	Insert(ctx context.Context, p idem.Photo) error
	Get(ctx context.Context, person idem.PersonID, id idem.PhotoID) (idem.Photo, error)
	// List returns the photos of the persons, oldest first within a person.
	List(ctx context.Context, persons ...idem.PersonID) ([]idem.Photo, error)
	Delete(ctx context.Context, person idem.PersonID, id idem.PhotoID) error
	// SetDefault moves the default flag to the photo; "" clears it. The schema
	// admits at most one default per person at any moment, and the person's row
	// is locked. idem.ErrPersonNotFound for an unknown person.
	SetDefault(ctx context.Context, person idem.PersonID, id idem.PhotoID) error
	// SetEntry records which gallery entry stands for the photo.
	SetEntry(ctx context.Context, person idem.PersonID, id idem.PhotoID, seq idem.Seq) error
}

// Actions is the immutable audit.
type Actions interface {
	// Append gives the actions the next positions, chains and writes them. Seq,
	// At, PrevHash and Hash are set by it in what is stored. Details must be
	// JSON values; numbers come back as json.Number. See package chain.
	Append(ctx context.Context, actions ...idem.Action) error
	// List returns actions newest first.
	List(ctx context.Context, q ActionQuery, page Page) ([]idem.Action, string, error)
	// Chain returns up to limit actions behind a position, oldest first, for
	// verification.
	Chain(ctx context.Context, after int64, limit int) ([]idem.Action, error)
}

// ActionQuery narrows a list of actions; zero fields do not narrow.
type ActionQuery struct {
	Person   idem.PersonID
	Type     idem.ActionType
	Source   idem.Source
	Operator idem.OperatorID
	From, To time.Time
}

// Subscriptions keeps what the organisation may use.
type Subscriptions interface {
	Insert(ctx context.Context, s idem.Subscription) error
	// ListForUpdate returns the subscriptions of a technology, oldest purchase
	// first, locked until the transaction ends.
	ListForUpdate(ctx context.Context, tech idem.TechCode) ([]idem.Subscription, error)
	// List returns all subscriptions, oldest purchase first.
	List(ctx context.Context) ([]idem.Subscription, error)
	// Save writes status and remaining transactions; ErrSubscriptionNotFound
	// for an unknown one.
	Save(ctx context.Context, s idem.Subscription) error
}

// Gallery is the ordered log of one organisation and template model.
type Gallery interface {
	// Append gives the rows the next positions of the model's log, chains and
	// writes them. The head is locked until the transaction ends, so positions
	// become visible in order and without gaps. Seq, At, PrevHash and Hash are
	// set in place, and Ref = Seq of reserve rows. See package chain.
	Append(ctx context.Context, model string, rows []idem.LogRow) error
	// PutTemplates stores the sealed templates of reserve rows.
	PutTemplates(ctx context.Context, model string, templates map[idem.Seq][]byte) error
	// DeleteTemplate destroys the stored template of one entry.
	DeleteTemplate(ctx context.Context, model string, seq idem.Seq) error
	// Template returns the sealed template of one entry, nil when it is gone.
	Template(ctx context.Context, model string, seq idem.Seq) ([]byte, error)
	// Head returns the newest position of the model's log and its hash.
	Head(ctx context.Context, model string) (idem.Seq, [32]byte, error)
	// Rows returns up to limit rows behind a position, oldest first, reserve
	// rows with their sealed template where it still exists.
	Rows(ctx context.Context, model string, after idem.Seq, limit int) ([]StoredRow, error)
	// Models lists the models that have a log.
	Models(ctx context.Context) ([]string, error)

	// PutPending records the leases of entries just reserved.
	PutPending(ctx context.Context, model string, leases []Lease) error
	// TakePending ends the pending state of one entry: true for exactly one
	// caller whose epoch is the current one.
	TakePending(ctx context.Context, model string, seq idem.Seq, epoch int64) (bool, error)
	// RenewPending extends a lease and returns its new epoch; ok is false when
	// the entry is no longer pending at that epoch.
	RenewPending(ctx context.Context, model string, l Lease) (epoch int64, ok bool, err error)
	// ExpiredPending returns the pending entries whose lease ended before the
	// transaction's time, lowest position first.
	ExpiredPending(ctx context.Context, model string, limit int) ([]Lease, error)
}

// StoredRow is a log row with the sealed template of a reserve row.
type StoredRow struct {
	idem.LogRow
	Sealed []byte // nil for other operations and after an erasure
}

// Lease is the hold of whoever must decide a pending entry.
type Lease struct {
	Seq   idem.Seq
	Until time.Time
	Epoch int64
}

// Credentials keeps the keys of API clients: as hashes, the kinds that can be
// shown again also sealed under the organisation's key.
type Credentials interface {
	// Insert stores a credential. showAgain is the secret of a kind that can be
	// shown again and is kept sealed; "" keeps only the hash.
	Insert(ctx context.Context, c idem.Credential, hash [32]byte, showAgain string) error
	List(ctx context.Context) ([]idem.Credential, error)
	// Reveal returns the secret of a kind that can be shown again, as NotFound
	// otherwise.
	Reveal(ctx context.Context, id idem.CredentialID) (string, error)
	// Revoke ends a credential at the transaction's time and reports whether it
	// did: one that has ended keeps its time. An unknown one is
	// ErrCredentialUnknown.
	Revoke(ctx context.Context, id idem.CredentialID) (bool, error)
}

// Operators keeps the staff. E-mail addresses are sealed and found through
// their blind index, which compares byte by byte: whoever writes and searches
// brings them into one form. One address is one operator in an organisation.
// An unknown operator is ErrOperatorUnknown.
type Operators interface {
	// Insert refuses a second operator of the same address with Conflict,
	// code OPERATOR_EXISTS.
	Insert(ctx context.Context, o idem.Operator) error
	List(ctx context.Context) ([]idem.Operator, error)
	Get(ctx context.Context, id idem.OperatorID) (idem.Operator, error)
	// Save writes role, password hash and the disabled time.
	Save(ctx context.Context, o idem.Operator) error
}

// Idempotency remembers answers to creating requests.
type Idempotency interface {
	// Begin claims a key at the transaction's time. It returns the earlier row
	// when the key was used before, nil when the caller is the first. Of r it
	// reads Key and Request.
	Begin(ctx context.Context, r IdempotencyRow) (*IdempotencyRow, error)
	// Finish stores the answer, sealed under the organisation's key;
	// ErrIdempotencyUnknown when the key was not claimed.
	Finish(ctx context.Context, key string, status int, body []byte) error
	// Forget frees a key whose request failed without effect.
	Forget(ctx context.Context, key string) error
}

// IdempotencyRow is one remembered request. Key holds credential, method, path
// and the client's key; Request is the SHA-256 of the body. Status is 0 until
// the answer is known.
type IdempotencyRow struct {
	Key       string
	Request   [32]byte
	Status    int
	Body      []byte
	CreatedAt time.Time
}

// Checks keeps the stand-alone runs of technologies. Memos are sealed under the
// organisation's key.
type Checks interface {
	// Insert adds a check. Reasons are codes without blanks.
	Insert(ctx context.Context, c idem.Check) error
	// GetForUpdate returns a check with its row locked until the transaction
	// ends, idem.ErrCheckNotFound for what the organisation does not have.
	GetForUpdate(ctx context.Context, id idem.CheckID) (idem.Check, error)
	// Save writes state, reasons, memo, attempts and end of a check read by
	// GetForUpdate.
	Save(ctx context.Context, c idem.Check) error
}
