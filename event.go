package idem

// EventName names what the webhooks of a flow are told of.
type EventName string

// The events of a session, in their order; then those of its collection, one at
// a time.
const (
	EventFlowStart       EventName = "flow.start"
	EventTechnologyStart EventName = "technology.start"
	EventTechnologyEnd   EventName = "technology.end"
	EventFlowEnd         EventName = "flow.end"
	EventPersonCreated   EventName = "person.created"
	EventPersonUpdated   EventName = "person.updated"
	EventPersonConflict  EventName = "person.conflict"
)

// OfPerson reports whether the event is one of a collection, of which only
// webhooks are told that ask for it.
func (e EventName) OfPerson() bool {
	switch e {
	case EventPersonCreated, EventPersonUpdated, EventPersonConflict:
		return true
	}
	return false
}

// Takes reports whether the webhook is told of an event.
func (w *Webhook) Takes(e EventName) bool { return w.Enabled && (w.PersonEvents || !e.OfPerson()) }
