package chain_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store/chain"
)

func action() idem.Action {
	return idem.Action{Seq: 3, Person: "p", Type: idem.ActionAliasAdded, At: time.UnixMicro(1_700_000_000_000_001).UTC(),
		Actor:   idem.Actor{Source: idem.SourceAPI, Credential: "c", Operator: "o", Session: "s"},
		Details: map[string]any{"alias": "****", "n": 1}, PrevHash: [32]byte{1}}
}

func hashAction(t *testing.T, org idem.OrgID, a idem.Action) [32]byte {
	t.Helper()
	hash, err := chain.Action(org, a)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestEveryFieldOfAnActionCounts(t *testing.T) {
	seen := map[[32]byte]string{hashAction(t, "org", action()): "unchanged"}
	note := func(name string, hash [32]byte) {
		if other, ok := seen[hash]; ok {
			t.Errorf("%s hashes like %s", name, other)
		}
		seen[hash] = name
	}
	note("organisation", hashAction(t, "org2", action()))
	for name, change := range map[string]func(*idem.Action){
		"seq":         func(a *idem.Action) { a.Seq++ },
		"person":      func(a *idem.Action) { a.Person = "q" },
		"type":        func(a *idem.Action) { a.Type = idem.ActionAliasRemoved },
		"source":      func(a *idem.Action) { a.Actor.Source = idem.SourceFlow },
		"credential":  func(a *idem.Action) { a.Actor.Credential = "d" },
		"operator":    func(a *idem.Action) { a.Actor.Operator = "" },
		"session":     func(a *idem.Action) { a.Actor.Session = "so" },
		"shifted":     func(a *idem.Action) { a.Actor.Credential, a.Actor.Operator = "co", "" },
		"microsecond": func(a *idem.Action) { a.At = a.At.Add(time.Microsecond) },
		"details":     func(a *idem.Action) { a.Details = map[string]any{"alias": "****", "n": 2} },
		"no details":  func(a *idem.Action) { a.Details = nil },
		"previous":    func(a *idem.Action) { a.PrevHash[31] = 1 },
	} {
		a := action()
		change(&a)
		note(name, hashAction(t, "org", a))
	}
}

func TestOwnHashOfAnActionDoesNotCount(t *testing.T) {
	a := action()
	a.Hash = [32]byte{9}
	if hashAction(t, "org", a) != hashAction(t, "org", action()) {
		t.Error("the stored hash is part of its own input")
	}
}

func TestEveryFieldOfARowCounts(t *testing.T) {
	row := idem.LogRow{Seq: 7, Op: idem.OpReserve, Ref: 7, Set: idem.SetPhoto, Subject: "s", Sample: "t", Digest: [32]byte{2},
		At: time.UnixMicro(5).UTC(), PrevHash: [32]byte{1}}
	seen := map[[32]byte]string{chain.Row("org", "model", row): "unchanged"}
	note := func(name string, hash [32]byte) {
		if other, ok := seen[hash]; ok {
			t.Errorf("%s hashes like %s", name, other)
		}
		seen[hash] = name
	}
	note("organisation", chain.Row("orgm", "odel", row))
	note("model", chain.Row("org", "model2", row))
	for name, change := range map[string]func(*idem.LogRow){
		"seq":      func(r *idem.LogRow) { r.Seq++ },
		"op":       func(r *idem.LogRow) { r.Op = idem.OpMove },
		"ref":      func(r *idem.LogRow) { r.Ref-- },
		"set":      func(r *idem.LogRow) { r.Set = idem.SetRejected },
		"subject":  func(r *idem.LogRow) { r.Subject, r.Sample = "st", "" },
		"sample":   func(r *idem.LogRow) { r.Sample = "u" },
		"digest":   func(r *idem.LogRow) { r.Digest[31] = 1 },
		"at":       func(r *idem.LogRow) { r.At = time.UnixMicro(6) },
		"previous": func(r *idem.LogRow) { r.PrevHash[0] = 2 },
	} {
		r := row
		change(&r)
		note(name, chain.Row("org", "model", r))
	}
}

// TestHashesAreFrozen keeps old chains verifiable: these values may never
// change.
func TestHashesAreFrozen(t *testing.T) {
	if got := hex(hashAction(t, "org", action())); got != "5Lh6GQ==" {
		t.Errorf("action: %s", got)
	}
	instance, err := chain.Instance(idem.InstanceAction{Seq: 1, Org: "org", Type: idem.ActionKeyCreated, Account: "ann", At: time.UnixMicro(5)})
	if got := hex(instance); err != nil || got != "nR1Q4Q==" {
		t.Errorf("action of the instance: %s, %v", got, err)
	}
	if got := hex(chain.Row("org", "model", idem.LogRow{Seq: 1, Op: idem.OpReserve, Ref: 1, At: time.UnixMicro(5)})); got != "c/7BwQ==" {
		t.Errorf("row: %s", got)
	}
}

func hex(hash [32]byte) string {
	text, _ := json.Marshal(hash[:4]) // a slice of bytes always encodes
	return string(bytes.Trim(text, `"`))
}

// TestDetailsSurviveStorage is what verification stands on: what was read back
// hashes like what was written.
func TestDetailsSurviveStorage(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return string(b) }),
		rapid.Map(rapid.SliceOf(rapid.String()), func(s []string) any { return s }),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.Int()), func(m map[string]int) any { return m }),
		rapid.Just[any](nil),
	)
	rapid.Check(t, func(r *rapid.T) {
		a := action()
		a.Details = rapid.MapOf(rapid.String(), value).Draw(r, "details")
		before := hashAction(t, "org", a)
		stored, err := chain.Details(a.Details)
		if err != nil {
			r.Fatal(err)
		}
		if a.Details, err = chain.ParseDetails(stored); err != nil {
			r.Fatal(err)
		}
		if hashAction(t, "org", a) != before {
			r.Fatalf("details %s hash differently behind storage", stored)
		}
	})
}

func TestDetailsThatJSONCannotHold(t *testing.T) {
	for _, value := range []any{math.NaN(), func() {}, make(chan int)} {
		if _, err := chain.Details(map[string]any{"x": value}); err == nil {
			t.Errorf("%T was accepted", value)
		}
	}
}

func FuzzParseDetails(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1e400}`, `{"a":[1,{"b":null}]}`, `null`, `[]`, `{"\u0000":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		details, err := chain.ParseDetails(text)
		if err != nil {
			return
		}
		first, err := chain.Details(details)
		if err != nil {
			t.Fatal(err)
		}
		again, err := chain.ParseDetails(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := chain.Details(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s encodes as %s and then as %s: %v", text, first, second, err)
		}
	})
}
