package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

// technologies are those of the server over a fake engine.
func technologies(engine face.Engine) []tech.Technology {
	return []tech.Technology{facematch.New(engine)}
}

// left tells how many units of a technology remain.
func (w *world) left(code idem.TechCode) float64 {
	w.t.Helper()
	list := w.call("GET", "/v1/subscriptions", nil).is(200).list("data")
	i := slices.IndexFunc(list, func(s any) bool { return s.(object)["technology"] == string(code) && s.(object)["status"] == "ACTIVE" })
	if i < 0 {
		w.t.Fatalf("no subscription of %s: %v", code, list)
	}
	n, _ := list[i].(object)["left"].(float64)
	return n
}

// limit replaces the subscription of a technology.
func (w *world) limit(code idem.TechCode, units int64) {
	w.t.Helper()
	if err := w.access.Limit(w.t.Context(), w.org.OrgID, code, units); err != nil {
		w.t.Fatal(err)
	}
}

func TestCheckFace(t *testing.T) {
	each(t, func(w *world) {
		body := object{"probe": b64(portrait("ann", 1)), "reference": b64(portrait("ann", 2))}
		same := w.call("POST", "/v1/check/face", body).is(200)
		if same.get("passed") != true || same.text("technology") != "F2F" || same.text("check_id") == "" || same.text("at") == "" ||
			len(same.list("reasons")) != 0 || same.number("details.score") < 0.8 || same.number("details.threshold") != 0.42 ||
			same.number("details.similarity") != 1 || same.text("details.reference.code") != "OK" || same.number("details.probe.box.width") <= 0 {
			t.Errorf("same: %s", same.raw)
		}
		data, kind := form(t, map[string]any{"probe": portrait("ann", 1), "reference": portrait("bob", 2), "fmr": "1e-3"})
		other := w.do(request{method: "POST", path: "/v1/check/face", body: data, header: map[string]string{"Content-Type": kind}}).is(200)
		if other.get("passed") != false || other.text("reasons.0") != "faces_differ" || other.number("details.threshold") != 0.34 {
			t.Errorf("other: %s", other.raw)
		}
		none := w.call("POST", "/v1/check/face", object{"probe": b64(facetest.JPEG(facetest.Plain())), "reference": body["reference"]}).is(200)
		if none.get("passed") != false || none.get("details.score") != nil || none.text("reasons.0") != "probe_face_unusable" || none.get("details.probe.box") != nil {
			t.Errorf("none: %s", none.raw)
		}
		w.call("PATCH", "/v1/organisation", object{"settings": object{"match_fmr": 1e-6}}).is(200)
		if strict := w.call("POST", "/v1/check/face", body).is(200); strict.number("details.threshold") != 0.56 {
			t.Errorf("the organisation's rate: %s", strict.raw)
		}
		page := string(w.do(request{method: "GET", path: "/metrics", key: "-"}).raw)
		if !strings.Contains(page, `idem_check_duration_seconds_count{end="passed",technology="F2F"} 2`) ||
			!strings.Contains(page, `idem_check_duration_seconds_count{end="failed",technology="F2F"} 2`) {
			t.Errorf("metrics: %s", page)
		}
	})
}

func TestCheckFaceRefusals(t *testing.T) {
	each(t, func(w *world) {
		image, path := b64(portrait("ann", 1)), "/v1/check/face"
		w.call("POST", path, object{"probe": image}).is(422, "EVIDENCE_MISSING").at("/reference")
		w.call("POST", path, object{"reference": image}).is(422, "EVIDENCE_MISSING").at("/probe")
		for _, fmr := range []float64{0, -1, 1e-9, 0.5} {
			w.call("POST", path, object{"probe": image, "reference": image, "fmr": fmr}).is(422, "FMR_NOT_CALIBRATED").at("/fmr")
		}
		w.call("POST", path, object{"probe": image, "reference": b64([]byte("<svg/>"))}).is(415, "IMAGE_TYPE_UNSUPPORTED").at("/reference")
		w.call("POST", path, object{"probe": b64(portrait("ann", 1)[:300]), "reference": image}).is(422, "IMAGE_UNDECODABLE").at("/probe")
		w.call("POST", path, object{"probe": image, "reference": image, "other": 1}).is(422, "VALIDATION_FAILED").at("/other")
		w.call("POST", path, nil).is(400, "INVALID_JSON")
	})
}

// TestChecksArePaid: a check needs its own permission and subscription, and a
// refusal costs nothing.
func TestChecksArePaid(t *testing.T) {
	each(t, func(w *world) {
		body := object{"probe": b64(portrait("ann", 1)), "reference": b64(portrait("ann", 2))}
		w.limit(idem.TechFace2Face, 2)
		w.call("POST", "/v1/check/face", object{"probe": body["probe"]}).is(422, "EVIDENCE_MISSING")
		if left := w.left(idem.TechFace2Face); left != 2 {
			t.Errorf("%v units are left after a refusal", left)
		}
		w.call("POST", "/v1/check/face", body).is(200)
		w.call("POST", "/v1/check/face", body).is(200)
		w.call("POST", "/v1/check/face", body).is(403, "SUBSCRIPTION_LIMIT_REACHED")
		_, secret, err := w.access.CreateCredential(t.Context(), idem.Principal{Org: w.org.OrgID, Permissions: idem.AllPermissions()},
			access.NewCredential{Kind: idem.CredentialSecret, Name: "narrow", Permissions: []idem.Permission{idem.FacesVerify}})
		if err != nil {
			t.Fatal(err)
		}
		w.do(request{method: "POST", path: "/v1/check/face", body: body, key: secret}).is(403, "ROLE_FORBIDDEN")
	})
}

func TestClientChecks(t *testing.T) {
	each(t, func(w *world) {
		c := must(client.New(w.url, w.key, client.WithHTTPClient(w.client)))(w)
		done := must(c.CheckFace(t.Context(), portrait("ann", 1), portrait("ann", 2), client.Value(1e-5)))(w)
		if !done.Passed || done.ID == "" || done.At.IsZero() || done.Details.Score == nil || done.Details.ThresholdFMR != 1e-5 || done.Details.Probe.Box == nil {
			t.Errorf("%+v", done)
		}
	})
}
