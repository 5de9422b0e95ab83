package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/store"
)

// Operator is a person of the organisation's staff.
type Operator struct {
	ID         string     `json:"id" format:"uuid"`
	Email      string     `json:"email" format:"email"`
	Role       string     `json:"role" enum:"admin,operator,auditor" doc:"admin may all, operator works persons and reviews, auditor reads."`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at" doc:"null while enabled."`
}

// CreatedOperator is a new operator, with the password if it was drawn.
type CreatedOperator struct {
	Operator
	Password string `json:"password,omitempty" doc:"Only when it was drawn; it is shown once."`
}

func operatorOf(o idem.Operator) Operator {
	return Operator{ID: string(o.ID), Email: o.Email, Role: string(o.Role), CreatedAt: o.CreatedAt, DisabledAt: instant(o.DisabledAt)}
}

type operatorListOut struct {
	Body struct {
		Data []Operator `json:"data" nullable:"false"`
	} `nameHint:"OperatorList"`
}

func (s *server) listOperators(ctx context.Context, p idem.Principal, _ *struct{}) (*operatorListOut, error) {
	list, err := s.access.Operators(ctx, p)
	out := &operatorListOut{}
	out.Body.Data = make([]Operator, len(list))
	for i, o := range list {
		out.Body.Data[i] = operatorOf(o)
	}
	return out, err
}

type newOperatorBody struct {
	Email    string `json:"email" maxLength:"254"`
	Role     string `json:"role" enum:"admin,operator,auditor"`
	Password string `json:"password,omitempty" minLength:"12" maxLength:"1024" doc:"Without one a password is drawn."`
}

type createOperatorIn struct{ Body newOperatorBody }

func (in *createOperatorIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) createOperator(ctx context.Context, p idem.Principal, in *createOperatorIn, c claim[CreatedOperator]) (answer[CreatedOperator], error) {
	n := access.NewOperator{Email: in.Body.Email, Role: idem.Role(in.Body.Role), Password: in.Body.Password}
	o, password, err := s.access.CreateOperator(ctx, p, n, func(ctx context.Context, tx store.Tx, done access.Hired) error {
		return c.remember(ctx, tx, in.Body.created(done.Operator, done.Password))
	})
	return in.Body.created(o, password), err
}

// created repeats no password that the client gave.
func (b newOperatorBody) created(o idem.Operator, password string) answer[CreatedOperator] {
	if b.Password != "" {
		password = ""
	}
	return answer[CreatedOperator]{http.StatusCreated, CreatedOperator{operatorOf(o), password}}
}

type operatorChange struct {
	Role     *string `json:"role,omitempty" enum:"admin,operator,auditor"`
	Password *string `json:"password,omitempty" minLength:"12" maxLength:"1024"`
	Disabled *bool   `json:"disabled,omitempty"`
}

type changeOperatorIn struct {
	OperatorID string `path:"operator_id" doc:"The operator."`
	Body       operatorChange
}

type operatorOut struct{ Body Operator }

func (s *server) changeOperator(ctx context.Context, p idem.Principal, in *changeOperatorIn) (*operatorOut, error) {
	id, ok := idem.ParseID(in.OperatorID)
	if !ok {
		return nil, access.ErrOperatorNotFound
	}
	c := access.OperatorChange{Password: in.Body.Password, Disabled: in.Body.Disabled}
	if in.Body.Role != nil {
		role := idem.Role(*in.Body.Role)
		c.Role = &role
	}
	o, err := s.access.ChangeOperator(ctx, p, idem.OperatorID(id), c)
	return &operatorOut{operatorOf(o)}, err
}
