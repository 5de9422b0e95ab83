package persons_test

import (
	"encoding/base64"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

func TestPersons_15_BetterPhotoBecomesDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("live")
		f := e.addPhoto(p.ID, "digital")
		if !f.Default {
			t.Error("the digital photo is not the default")
		}
		e.defaults(p.ID, f.ID, 2)
	})
}

// defaults checks that a person has n photos of which exactly id is the default.
func (e *env) defaults(person, id string, n int) {
	e.Helper()
	got := e.get(person)
	var flagged []string
	for _, f := range got.Photos {
		if f.Default {
			flagged = append(flagged, f.ID)
		}
	}
	if len(got.Photos) != n || !slices.Equal(flagged, []string{id}) || *got.DefaultPhotoID != id {
		e.Errorf("%d photos with defaults %v, want %d and %s", len(got.Photos), flagged, n, id)
	}
}

func TestPersons_16_WorsePhotosLeaveDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		for _, kind := range []string{"scan", "live", "other"} {
			if f := e.addPhoto(p.ID, kind); f.Default {
				t.Errorf("%s became the default", kind)
			}
		}
		e.defaults(p.ID, p.Photos[0].ID, 4)
		if n := count(e.actions(p.ID), "PHOTO_DEFAULT_CHANGED"); n != 0 {
			t.Errorf("%d PHOTO_DEFAULT_CHANGED rows", n)
		}
	})
}

func TestPersons_17_EqualPhotoLeavesDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("scan")
		e.addPhoto(p.ID, "scan")
		e.defaults(p.ID, p.Photos[0].ID, 2)
	})
}

func TestPersons_18_DefaultFollowsBetterPhotos(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		for i, kind := range []string{"live", "scan", "digital"} {
			f := e.addPhoto(p.ID, kind)
			e.defaults(p.ID, f.ID, i+2)
		}
		if n := count(e.actions(p.ID), "PHOTO_DEFAULT_CHANGED"); n != 3 {
			t.Errorf("%d PHOTO_DEFAULT_CHANGED rows, want 3", n)
		}
	})
}

func TestPersons_19_OnlyPhotoStays(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		e.unchanged(func() {
			e.call(e.a, "DELETE", base+p.ID+"/photos/"+p.Photos[0].ID+"/", nil).refused(409, "LAST_DEFAULT_PHOTO")
		})
		e.call(e.a, "GET", p.Photos[0].URL, nil).is(200)
	})
}

func TestPersons_20_RemovingDefaultChoosesBest(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		scan := e.addPhoto(p.ID, "scan")
		e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/photos/"+p.Photos[0].ID+"/", nil).is(204)
		e.defaults(p.ID, scan.ID, 2)
		e.call(e.a, "GET", p.Photos[0].URL, nil).refused(404, "PHOTO_NOT_FOUND")
		if got := typesOf(e.actions(p.ID)[:2]); !slices.Equal(got, []string{"PHOTO_DEFAULT_CHANGED", "PHOTO_REMOVED"}) {
			t.Errorf("actions %v", got)
		}
		if c := e.contents(e.a); c.Blobs != 2 {
			t.Errorf("%d objects stored, want 2", c.Blobs)
		}
	})
}

func TestPersons_21_RemovingAnotherPhotoKeepsDefault(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		e.call(e.a, "DELETE", base+p.ID+"/photos/"+f.ID+"/", nil).is(204)
		e.defaults(p.ID, p.Photos[0].ID, 1)
	})
}

func TestPersons_22_DefaultIsChosenByHand(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		for range 2 {
			got := read[photo](e.call(e.a, "PATCH", base+p.ID+"/photos/"+f.ID+"/", object{"is_default": true}).is(200))
			if got.ID != f.ID || !got.Default {
				t.Errorf("answered %+v", got)
			}
		}
		e.defaults(p.ID, f.ID, 2)
		all := e.actions(p.ID)
		if a := all[0]; count(all, "PHOTO_DEFAULT_CHANGED") != 1 || a.Source != "API" || a.User != nil || a.Key == nil {
			t.Errorf("actions %+v", all)
		}
		if _, err := e.registry.SetDefaultPhoto(e.Context(), e.a.operator, idem.PersonID(p.ID), idem.PhotoID(p.Photos[0].ID)); err != nil {
			t.Fatal(err)
		}
		if a := e.actions(p.ID)[0]; a.Source != "CABINET" || a.User == nil || *a.User != string(e.a.operator.Actor.Operator) {
			t.Errorf("action of an operator %+v", a)
		}
	})
}

func TestPersons_23_DefaultCannotBeUnset(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("digital")
		f := e.addPhoto(p.ID, "live")
		e.unchanged(func() {
			for _, id := range []string{p.Photos[0].ID, f.ID} {
				e.call(e.a, "PATCH", base+p.ID+"/photos/"+id+"/", object{"is_default": false}).refused(409, "DEFAULT_REQUIRED")
			}
			e.call(e.a, "PATCH", base+p.ID+"/photos/"+uuid.NewString()+"/", object{"is_default": false}).refused(404, "PHOTO_NOT_FOUND")
		})
	})
}

func TestPersons_25_BrokenImagesAreRefused(t *testing.T) {
	each(t, func(e *env) {
		p := e.create("other")
		good, err := base64.StdEncoding.DecodeString(portrait("x", 0))
		must(t, err)
		huge := slices.Clone(good)
		sof := slices.Index(huge, 0xc0) // frame header: precision, height, width
		copy(huge[sof+4:], []byte{0xff, 0xff, 0xff, 0xff})
		for _, c := range []struct {
			name, image, code string
			status            int
		}{
			{"text", base64.StdEncoding.EncodeToString([]byte("this is no picture at all")), "IMAGE_TYPE_UNSUPPORTED", 415},
			{"truncated", base64.StdEncoding.EncodeToString(good[:len(good)/2]), "IMAGE_UNDECODABLE", 422},
			{"huge header", base64.StdEncoding.EncodeToString(huge), "IMAGE_TOO_LARGE", 413},
			{"not base64", "%%%", "IMAGE_UNDECODABLE", 422},
			{"empty", "", "IMAGE_UNDECODABLE", 422},
			{"over 10 MiB", base64.StdEncoding.EncodeToString(make([]byte, 11<<20)), "IMAGE_TOO_LARGE", 413},
		} {
			t.Run(c.name, func(t *testing.T) {
				e.unchanged(func() {
					body := object{"image_b64": c.image, "photo_type": "other"}
					e.call(e.a, "POST", base+p.ID+"/photos/", body).refused(c.status, c.code).at(t, "image_b64")
					body["is_verified"] = true
					e.call(e.a, "POST", base, body).refused(c.status, c.code).at(t, "image_b64")
				})
			})
		}
	})
}
