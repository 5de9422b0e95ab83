// Command go opens a session, hears of its end as a webhook receiver and reads
// the result.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/idem-id/idem/client"
)

func main() {
	idem, err := client.ForFlow(os.Getenv("IDEM_URL"), os.Getenv("IDEM_FLOW_KEY"))
	check(err)
	events := make(chan client.Event, 64)
	go func() { check(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), receiver(events))) }()

	session, err := idem.Open(context.Background(), client.NewSession{Metadata: map[string]any{"custom_id": "crm 7"}})
	check(err)
	fmt.Printf("send the person to %s/flow/%s\n", os.Getenv("IDEM_URL"), session.ID)
	for e := range events {
		if e.Name != client.EventFlowEnd || e.SessionID != session.ID {
			continue
		}
		result, err := idem.Result(context.Background(), session.ID)
		check(err)
		fmt.Printf("session %s ended as %s, passed: %t\n", session.ID, result.Status, *result.Passed)
		return
	}
}

// receiver passes on what was signed with the webhook's secret. An event may
// come twice.
func receiver(events chan<- client.Event) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20)) // the bytes as they came
		check(err)
		e, err := client.ReadEvent(os.Getenv("IDEM_WEBHOOK_SECRET"), r.Header, body, time.Now())
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		events <- e
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
