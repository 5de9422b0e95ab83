package visitor

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/idem-id/idem/client"
)

// Inbox is a receiver of webhooks that remembers what came. It is an
// http.Handler, safe for concurrent use.
type Inbox struct {
	mu     sync.Mutex
	secret string
	seen   map[string]*delivered // by session
	forged int
}

// delivered is what came of one session.
type delivered struct {
	order []string          // what happened, as it came first
	ids   map[string]string // under which identifier
	again int               // came once more under the same
	other int               // came under another
}

// Trust sets the secret that deliveries are signed with.
func (in *Inbox) Trust(secret string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.secret = secret
}

// ServeHTTP takes a delivery.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	in.mu.Lock()
	defer in.mu.Unlock()
	e, err := client.ReadEvent(in.secret, r.Header, body, time.Now())
	if err != nil {
		in.forged++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	in.add(e)
	w.WriteHeader(http.StatusNoContent)
}

// refused is how many deliveries were not signed.
func (in *Inbox) refused() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.forged
}

func (in *Inbox) add(e client.Event) {
	if in.seen == nil {
		in.seen = map[string]*delivered{}
	}
	d := in.seen[e.SessionID]
	if d == nil {
		d = &delivered{ids: map[string]string{}}
		in.seen[e.SessionID] = d
	}
	var data struct {
		Code string `json:"technology_code"`
	}
	_ = json.Unmarshal(e.Data, &data) // an event of the session has none
	what := e.Name + " " + data.Code
	switch d.ids[what] {
	case "":
		d.order, d.ids[what] = append(d.order, what), e.ID
	case e.ID:
		d.again++
	default:
		d.other++
	}
}

// whole reports whether all events of a session of the technologies came in
// their order, each under one identifier, and how many came again.
func (in *Inbox) whole(session string, technologies []string) (ok bool, again int) {
	want := []string{client.EventFlowStart + " "}
	for _, code := range technologies {
		want = append(want, client.EventTechnologyStart+" "+code, client.EventTechnologyEnd+" "+code)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	d := in.seen[session]
	if d == nil {
		return false, 0
	}
	return slices.Equal(d.order, append(want, client.EventFlowEnd+" ")) && d.other == 0, d.again
}
