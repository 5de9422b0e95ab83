package gallery

import "github.com/idem-id/idem"

// bySubject finds the entries of a subject: the place of its newest row, from
// where tableRow.older leads to the others. It is made when first asked for,
// kept up by reserve, and forgotten when rows move.
type bySubject map[name]uint32 // place + 1

// indexSubjects makes the index, in about 0.1 us for each row.
func (t *table) indexSubjects() {
	t.subjects = make(bySubject, len(t.rows))
	for i := range t.rows {
		t.subjects.add(t.rows, i)
	}
}

// add enters row i, the newest.
func (b bySubject) add(rows []tableRow, i int) {
	subject := rows[i].subject
	rows[i].older = b[subject]
	b[subject] = uint32(i + 1)
}

// entriesOf returns the positions of the live entries of subjects, in no order.
// A subject that no entry carries has none.
func (t *table) entriesOf(subjects []string) []idem.Seq {
	entries := make([]idem.Seq, 0, len(subjects))
	for _, subject := range subjects {
		own, ok := t.lookup(subject)
		if !ok {
			continue
		}
		for at := t.subjects[own]; at > 0; at = t.rows[at-1].older {
			if row := &t.rows[at-1]; row.state != rowDead {
				entries = append(entries, row.seq)
			}
		}
	}
	return entries
}

// view is a moment of the follower.
type view struct {
	generation int
	applied    idem.Seq
}

// narrow returns the moment at which it turned the subjects of a query into
// entries. Entries that are applied later are left out of the query.
func (f *follower) narrow(q *Query) view {
	f.mu.RLock()
	for q.Subjects != nil && f.table.subjects == nil {
		f.mu.RUnlock()
		f.indexSubjects()
		f.mu.RLock()
	}
	defer f.mu.RUnlock()
	if q.Subjects != nil {
		q.Among = f.table.entriesOf(q.Subjects)
	}
	return view{f.generation, f.applied}
}

func (f *follower) indexSubjects() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table.indexSubjects()
}
