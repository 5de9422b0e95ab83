package report

import "github.com/idem-id/idem"

// Started is told when a session begins.
type Started struct {
	Technologies []string `json:"technologies"`
}

// StartedOf tells of the beginning of a session.
func StartedOf(s *idem.Session) Started {
	out := Started{make([]string, len(s.Steps))}
	for i, c := range s.Technologies() {
		out.Technologies[i] = string(c)
	}
	return out
}

// StepStarted is told when a technology begins.
type StepStarted struct {
	Code string `json:"technology_code"`
	Name string `json:"technology_name"`
}

// StepStartedOf tells of the beginning of a step.
func StepStartedOf(code idem.TechCode) StepStarted {
	t := TechnologyOf(code)
	return StepStarted{t.Code, t.Name}
}

// StepEndedOf tells of the end of a step: its result under the technology's
// name, without pictures, which the receiver asks for.
func StepEndedOf(p *idem.Step) map[string]any {
	told, _ := StepOf(p, nil) // fails for pictures only
	return map[string]any{MemberOf(p.Technology): told, "technology_code": string(p.Technology)}
}

// EndedOf tells of the end of a session, without pictures.
func EndedOf(s *idem.Session) map[string]any {
	told, _ := Of(s, nil) // fails for pictures only
	return map[string]any{"session_result": ended{told, told.ID}}
}

// ended is a result under the webhook's name of the identifier.
type ended struct {
	Result
	SessionID string `json:"session_id"`
}

// Person is told when a session made a person or added something to one.
type Person struct {
	ID string `json:"person_id"`
}

// Conflict is told when an operator must decide whose a session is.
type Conflict struct {
	Reason string `json:"reason"`
	Hits   []Hit  `json:"hits"` // whom the aliases belong to
}

// Hit is an alias that a person owns.
type Hit struct {
	Type   string `json:"type"`
	Person string `json:"person_id"`
}

// ConflictOf tells of a collection that waits for a decision.
func ConflictOf(c *idem.Collection) Conflict {
	out := Conflict{string(c.Reason), make([]Hit, len(c.Hits))}
	for i, h := range c.Hits {
		out.Hits[i] = Hit{string(h.Type), string(h.Person)}
	}
	return out
}

// Told is what receivers are told of an event: whether it is a success, and
// its data. A step is that of a technology event, a collection that of an event
// of a person.
func Told(event idem.EventName, s *idem.Session, step int, c *idem.Collection) (success bool, data any) {
	switch event {
	case idem.EventPersonCreated, idem.EventPersonUpdated:
		return true, Person{string(c.Person)}
	case idem.EventPersonConflict:
		return false, ConflictOf(c)
	case idem.EventFlowStart:
		return true, StartedOf(s)
	case idem.EventTechnologyStart:
		return true, StepStartedOf(s.Steps[step].Technology)
	case idem.EventTechnologyEnd:
		return s.Steps[step].Contributes(), StepEndedOf(&s.Steps[step])
	}
	return s.Passed(), EndedOf(s)
}
