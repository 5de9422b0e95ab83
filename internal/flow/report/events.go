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

// Told is what receivers are told of an event: whether it is a success, and
// its data. The names are those of package flow.
func Told(event string, s *idem.Session, step int) (success bool, data any) {
	switch event {
	case "flow.start":
		return true, StartedOf(s)
	case "technology.start":
		return true, StepStartedOf(s.Steps[step].Technology)
	case "technology.end":
		return s.Steps[step].Contributes(), StepEndedOf(&s.Steps[step])
	}
	return s.Passed(), EndedOf(s)
}
