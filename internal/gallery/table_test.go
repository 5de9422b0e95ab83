package gallery

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/idem-id/idem"
)

// plainEntry is what a map would remember of an entry.
type plainEntry struct {
	subject, sample string
	set             idem.Set
	state           idem.EntryState
}

// TestTableEqualsAMap runs lawful and unlawful rows against a plain map.
func TestTableEqualsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var compact table
		plain := map[idem.Seq]plainEntry{}
		texts := rapid.SampledFrom([]string{
			"anna", "Anna", uuid.NewString(), "00000000-0000-0000-0000-000000000000", uuid.Max.String(),
			"0193A000-0000-7000-8000-00000000000A", "0193a000-0000-7000-8000-00000000000a",
		})
		ops := rapid.SampledFrom([]idem.LogOp{idem.OpReserve, idem.OpReserve, idem.OpActivate, idem.OpWithdraw, idem.OpMove, idem.OpRemove})
		sets := rapid.SampledFrom([]idem.Set{idem.SetPhoto, idem.SetDeleted, "another"})
		indexed := idem.Seq(rapid.Int64Range(1, 199).Draw(t, "indexed"))
		for seq := idem.Seq(1); seq < 200; seq++ {
			row := idem.LogRow{Seq: seq, Op: ops.Draw(t, "op"), Ref: seq}
			if row.Op == idem.OpReserve {
				row.Subject, row.Sample = texts.Draw(t, "subject"), texts.Draw(t, "sample")
			} else {
				row.Ref = idem.Seq(rapid.Int64Range(0, int64(seq)).Draw(t, "ref"))
			}
			if row.Op == idem.OpReserve || row.Op == idem.OpMove {
				row.Set = sets.Draw(t, "set")
			}
			if seq == indexed {
				compact.indexSubjects()
			}
			if got, want := compact.apply(&row), applyPlain(plain, row); got != want {
				t.Fatalf("%+v: applied %v, want %v", row, got, want)
			}
		}
		compareTables(t, &compact, plain)
	})
}

func applyPlain(plain map[idem.Seq]plainEntry, row idem.LogRow) bool {
	e := plain[row.Ref]
	next, ok := e.state.Next(row.Op)
	if !ok {
		return false
	}
	e.state = next
	switch row.Op {
	case idem.OpReserve:
		e.subject, e.sample, e.set = row.Subject, row.Sample, row.Set
	case idem.OpMove:
		e.set = row.Set
	}
	plain[row.Ref] = e
	return true
}

func compareTables(t *rapid.T, compact *table, plain map[idem.Seq]plainEntry) {
	live, pending := 0, 0
	for seq := range idem.Seq(200) {
		want, known := plain[seq]
		e := compact.find(seq)
		if !known || want.state == idem.EntryWithdrawn {
			if e != nil {
				t.Fatalf("entry %d stands", seq)
			}
			continue
		}
		live++
		if want.state == idem.EntryPending {
			pending++
		}
		got := plainEntry{compact.text(e.subject), compact.text(e.sample), compact.sets[e.set], e.state.core()}
		if got != want {
			t.Fatalf("entry %d is %+v, want %+v", seq, got, want)
		}
	}
	compareSubjects(t, compact, plain)
	if compact.live() != live || compact.pending != pending {
		t.Fatalf("%d live, %d pending; want %d, %d", compact.live(), compact.pending, live, pending)
	}
}

// compareSubjects asks for the entries of every subject and of a strange one.
func compareSubjects(t *rapid.T, compact *table, plain map[idem.Seq]plainEntry) {
	want, subjects := map[string][]idem.Seq{"strange": nil}, map[string]bool{"strange": true}
	for seq, e := range plain {
		subjects[e.subject] = true
		if e.state != idem.EntryWithdrawn {
			want[e.subject] = append(want[e.subject], seq)
		}
	}
	for subject := range subjects {
		got := compact.entriesOf([]string{subject, "strange"})
		slices.Sort(got)
		slices.Sort(want[subject])
		if !slices.Equal(got, want[subject]) {
			t.Fatalf("%s has the entries %v, want %v", subject, got, want[subject])
		}
	}
}

func TestTableForgetsTheDead(t *testing.T) {
	var compact table
	const n = 10 * minDead
	for seq := idem.Seq(1); seq <= n; seq++ {
		compact.apply(&idem.LogRow{Seq: seq, Ref: seq, Op: idem.OpReserve, Set: idem.SetPhoto, Subject: uuid.NewString(), Sample: fmt.Sprint(seq)})
	}
	compact.indexSubjects()
	for seq := idem.Seq(1); seq <= n; seq++ {
		if seq%10 != 0 && !compact.apply(&idem.LogRow{Seq: n + seq, Ref: seq, Op: idem.OpWithdraw}) {
			t.Fatalf("entry %d cannot be withdrawn", seq)
		}
	}
	compact.indexSubjects() // rows moved
	if got := compact.entriesOf([]string{compact.text(compact.find(n).subject)}); !slices.Equal(got, []idem.Seq{n}) {
		t.Errorf("the last subject has the entries %v", got)
	}
	if compact.live() != n/10 || len(compact.rows) > n/10+minDead+1 {
		t.Errorf("%d live in %d rows", compact.live(), len(compact.rows))
	}
	for seq := idem.Seq(10); seq <= n; seq += 10 {
		if e := compact.find(seq); e == nil || compact.text(e.sample) != fmt.Sprint(seq) {
			t.Fatalf("entry %d is lost", seq)
		}
	}
}
