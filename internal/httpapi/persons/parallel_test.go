package persons_test

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/audit"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// upload is a portrait for the registry itself.
func upload(identity string, variant uint8) *registry.Upload {
	data, err := base64.StdEncoding.DecodeString(portrait(identity, variant))
	if err != nil {
		panic(err) // made just now
	}
	return &registry.Upload{Image: data, Type: idem.PhotoOther}
}

// grant adds a subscription of n units, which waits while another one runs.
func (e *env) grant(n int64) {
	_, err := e.access.Grant(e.Context(), e.a.org, access.Grant{Technology: idem.TechPersons, Total: n})
	must(e, err)
}

// parallel runs n functions at once and waits for them.
func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestPersons_24_OneDefaultAtEveryMoment(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("live")
		for range 10 {
			e.addPhoto(p.ID, "other")
		}
		stop, watched := make(chan struct{}), make(chan int)
		go e.watchDefaults(idem.PersonID(p.ID), stop, watched)
		kinds := []string{"digital", "scan", "live", "other"}
		parallel(50, func(i int) {
			if i%2 == 0 {
				e.addPhoto(p.ID, kinds[i/2%4])
				return
			}
			photos := e.get(p.ID).Photos
			f := photos[i%len(photos)]
			r := e.call(e.a, "DELETE", base+p.ID+"/photos/"+f.ID+"/", nil)
			if r.status == 409 {
				r.refused(409, "LAST_DEFAULT_PHOTO")
			} else if r.status != 204 && r.status != 404 {
				e.Errorf("deleting a photo: %d %s", r.status, r.body)
			}
		})
		close(stop)
		if looks := <-watched; looks == 0 {
			t.Error("the watcher saw nothing")
		}
		got := e.get(p.ID)
		c := e.contents(e.a)
		if got.DefaultPhotoID == nil || len(c.Defaults) != 1 || c.Blobs != len(got.Photos) {
			t.Errorf("in the end %d photos, %d objects, default %v", len(got.Photos), c.Blobs, got.DefaultPhotoID)
		}
	})
}

// watchDefaults looks at committed states until stop and counts its looks.
func (e *env) watchDefaults(id idem.PersonID, stop chan struct{}, looks chan int) {
	n := 0
	defer func() { looks <- n }()
	for {
		select {
		case <-stop:
			return
		default:
		}
		err := e.store.View(e.Context(), e.a.org, func(tx store.Tx) error {
			photos, err := tx.Photos().List(e.Context(), id)
			defaults := 0
			for _, f := range photos {
				if f.Default {
					defaults++
				}
			}
			if err == nil && defaults != 1 {
				e.Errorf("a committed state has %d defaults of %d photos", defaults, len(photos))
			}
			return err
		})
		if err != nil {
			e.Error(err)
			return
		}
		n++
	}
}

func TestPersons_31_ActionsAreImmutable(t *testing.T) {
	eachRaw(t, func(e *env, driver, source string) {
		p := e.create("other", aliasOf("custom", "x"))
		before := e.actions(p.ID)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			r := e.call(e.a, method, base+p.ID+"/actions/", object{})
			r.refused(405, "METHOD_NOT_ALLOWED")
			if r.header.Get("Allow") != "GET" {
				t.Errorf("Allow: %q", r.header.Get("Allow"))
			}
			if r := e.call(e.a, method, fmt.Sprintf("%s%s/actions/%d/", base, p.ID, before[0].ID), object{}); r.status != 404 && r.status != 405 {
				t.Errorf("%s on one action: %d", method, r.status)
			}
		}
		db, err := sql.Open(driver, source)
		must(t, err)
		defer db.Close()
		statements := []string{"UPDATE actions SET type = 'X'", "DELETE FROM actions", "UPDATE actions SET hash = prev_hash"}
		if driver == "pgx" {
			statements = append(statements, "TRUNCATE actions CASCADE")
		}
		for _, statement := range statements {
			if _, err := db.ExecContext(e.Context(), statement); err == nil || !strings.Contains(err.Error(), "immutable") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if diff := cmp.Diff(before, e.actions(p.ID)); diff != "" {
			t.Errorf("actions changed:\n%s", diff)
		}
		if report, err := audit.Verify(e.Context(), e.store, e.a.org); err != nil || report.Actions != int64(len(before)) {
			t.Errorf("verified %+v: %v", report, err)
		}
	})
}

func TestPersons_37_LastUnitIsSpentOnce(t *testing.T) {
	each(t, func(e *env) {
		must(t, e.access.Limit(e.Context(), e.a.org, idem.TechPersons, 1))
		var created, refused atomic.Int32
		parallel(10, func(int) {
			r := e.call(e.a, "POST", base, newBody("other"))
			switch {
			case r.status == 201:
				created.Add(1)
			case r.status == 403 && strings.Contains(string(r.body), "SUBSCRIPTION_LIMIT_REACHED"):
				refused.Add(1)
			default:
				e.Errorf("%d %s", r.status, r.body)
			}
		})
		if created.Load() != 1 || refused.Load() != 9 {
			t.Errorf("%d created, %d refused", created.Load(), refused.Load())
		}
		if c := e.contents(e.a); c.Persons != 1 || c.Blobs != 1 || c.Left != 0 {
			t.Errorf("stored %+v", c)
		}
	})
}

func TestFaceUniquenessRejectsUnderConcurrency(t *testing.T) {
	each(t, func(e *env) {
		e.uniqueness(idem.UniquenessReject)
		const faces, each = 2, 16
		var created [faces]atomic.Int32
		parallel(faces*each, func(i int) {
			identity := fmt.Sprintf("face %d", i%faces)
			body := object{"image_b64": portrait(identity, uint8(i)), "photo_type": "live", "is_verified": false}
			switch r := e.call(e.a, "POST", base, body); r.status {
			case 201:
				created[i%faces].Add(1)
			case 409:
				r.refused(409, "FACE_ALREADY_KNOWN")
			default:
				e.Errorf("%d %s", r.status, r.body)
			}
		})
		for i := range created {
			if n := created[i].Load(); n != 1 {
				t.Errorf("face %d was enrolled %d times", i, n)
			}
		}
		if c := e.contents(e.a); c.Persons != faces || c.Blobs != faces || c.Left != 1000-faces {
			t.Errorf("stored %+v", c)
		}
	})
}

// dataKey reads the data key of a person of organisation A.
func (e *env) dataKey(id string) (key idem.DataKeyID) {
	must(e, e.store.View(e.Context(), e.a.org, func(tx store.Tx) error {
		who, err := tx.Persons().Get(e.Context(), idem.PersonID(id))
		key = who.DataKey
		return err
	}))
	return key
}

func place(org idem.OrgID) store.Place {
	return store.Place{Org: org, Owner: "test", Column: "test", Row: "test"}
}

// TestParallelCreatesShareAliases gives the same three aliases in all orders:
// nobody waits for each other in a circle, and each alias has one owner.
func TestParallelCreatesShareAliases(t *testing.T) {
	each(t, func(e *env) {
		aliases := []object{aliasOf("phone", "+77011234567"), aliasOf("document_number", "N1234567"), aliasOf("custom", "x")}
		var created atomic.Int32
		parallel(24, func(i int) {
			own := []object{aliases[i%3], aliases[(i+1+i/3%2)%3]}
			switch r := e.call(e.a, "POST", base, newBody("other", own...)); r.status {
			case 201:
				created.Add(1)
			case 409:
				if n := len(r.refused(409, "ALIAS_CONFLICT").Error.Details["conflicts"].([]any)); n == 0 {
					e.Error("a conflict names nobody")
				}
			default:
				e.Errorf("%d %s", r.status, r.body)
			}
		})
		if n := created.Load(); n != 1 {
			t.Errorf("%d persons were created, any two of which share an alias", n)
		}
		if c := e.contents(e.a); c.Persons != 1 || c.Aliases != 3 || c.Blobs != 1 || c.Left != 999 {
			t.Errorf("stored %+v", c)
		}
	})
}

func TestRestoreRacesWithCreation(t *testing.T) {
	each(t, func(e *env) {
		for range 5 {
			custom := aliasOf("custom", idem.UUIDv7{}.New())
			p := e.create("other", custom)
			e.call(e.a, "DELETE", base+p.ID+"/", nil).is(204)
			var won atomic.Int32
			parallel(4, func(i int) {
				r := reply{}
				if i == 0 {
					r = e.call(e.a, "POST", base+p.ID+"/restore/", nil)
				} else {
					r = e.call(e.a, "POST", base, newBody("other", custom))
				}
				if r.status == 200 || r.status == 201 {
					won.Add(1)
				} else if r.status != 409 {
					e.Errorf("%d %s", r.status, r.body)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d persons got the alias", won.Load())
			}
		}
	})
}
