package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/documenttest"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// technologies are those of the server over a fake engine.
func technologies(engine face.Engine, chips tech.Technology) []tech.Technology {
	return append(liveness.New(engine, time.Now), facematch.New(engine), documenttest.Reader{}, chips)
}

// chips is the technology of electronic documents that trusts one issuer and
// has the test provider.
func chips(t *testing.T, roots ...[]byte) *edocument.Technology {
	t.Helper()
	store := trust.Open(t.TempDir())
	for _, root := range roots {
		if _, err := store.Import(root); err != nil {
			t.Fatal(err)
		}
	}
	return edocument.New(edocument.Deps{Travel: store, Mobile: store, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil),
		Providers: provider.Set{provider.NewTest("test")}})
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
	issuer := edoctest.New(t, edoctest.P256())
	chip := issuer.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait()))
	eachWith(t, options{chips: chips(t, issuer.Root)}, func(w *world) {
		c, ctx := must(client.New(w.url, w.key, client.WithHTTPClient(w.client)))(w), t.Context()
		done := must(c.CheckFace(ctx, portrait("ann", 1), portrait("ann", 2), client.Value(1e-5)))(w)
		if !done.Passed || done.ID == "" || done.At.IsZero() || done.Details.Score == nil || done.Details.ThresholdFMR != 1e-5 || done.Details.Probe.Box == nil {
			t.Errorf("%+v", done)
		}
		if live := must(c.CheckLiveness(ctx, portrait("ann", 1)))(w); !live.Passed || *live.Details.Best != 0 || live.Details.Frames[0].Box == nil {
			t.Errorf("%+v", live)
		}
		asked := must(c.ChallengeLiveness(ctx, client.LivenessPro))(w)
		var frames []client.Frame
		for i := range 6 {
			frames = append(frames, client.Frame{Image: portrait("ann", uint8(i)), At: time.Duration(i) * 200 * time.Millisecond})
		}
		still := must(c.AnswerLiveness(ctx, asked.CheckID, frames))(w)
		if still.Passed || len(still.Details.Asked) != len(asked.Challenge.Moves) || still.Details.Frames[5].At != 1000 {
			t.Errorf("%+v to %+v", still, asked)
		}
		if read := must(c.CheckDocument(ctx, "UTO", portrait("page", 1)))(w); !read.Passed || read.Details.Zone == nil || read.Details.Fields[1].Value != "ERIKSSON" || len(read.Details.Portrait.Image) == 0 {
			t.Errorf("%+v", read)
		}
		if e := must(c.CheckEDocument(ctx, "", chip))(w); !e.Passed || e.Details.Document == nil || e.Details.Root == nil || len(e.Details.Portrait.Image) == 0 {
			t.Errorf("%+v", e)
		}
		if open := must(c.ChallengeEDocument(ctx))(w); len(open.Challenge.Nonce) != 8 || open.CheckID == "" {
			t.Errorf("%+v", open)
		}
		started := must(c.StartEDocument(ctx, client.Holder{PersonalNumber: "900102400123", Phone: "+77010000001"}))(w)
		if approved := must(c.ApproveEDocument(ctx, started, provider.TestCode))(w); !approved.Passed || approved.Details.Phone != "+77010000001" {
			t.Errorf("%+v", approved)
		}
	})
}

func TestCheckLiveness(t *testing.T) {
	each(t, func(w *world) {
		live := w.call("POST", "/v1/check/liveness", object{"frames": []string{b64(portrait("ann", 1))}}).is(200)
		if live.get("passed") != true || live.text("technology") != "LDS" || live.number("details.prediction") < 0.9 || live.number("details.best_frame") != 0 ||
			live.text("details.face_direction") != "forward" || live.get("details.eyes_closed") != nil || live.number("details.frames.0.box.width") <= 0 {
			t.Errorf("live: %s", live.raw)
		}
		attack := w.call("POST", "/v1/check/liveness", object{"frames": []string{b64(facetest.JPEG(facetest.Attack("ann")))}}).is(200)
		if attack.get("passed") != false || attack.text("reasons.0") != "low_prediction" {
			t.Errorf("attack: %s", attack.raw)
		}
		w.call("POST", "/v1/check/liveness", object{"frames": []string{}}).is(422, "EVIDENCE_MISSING").at("/frames")
		w.call("POST", "/v1/check/liveness", object{"frames": []string{b64(portrait("ann", 1)), b64([]byte("no"))}}).is(415, "IMAGE_TYPE_UNSUPPORTED").at("/frames/1")
		w.call("POST", "/v1/check/liveness", object{"frames": slices.Repeat([]string{b64(portrait("ann", 1))}, 41)}).is(422, "VALIDATION_FAILED").at("/frames")
		w.call("POST", "/v1/check/liveness", object{"frames": []string{b64(portrait("ann", 1))}, "times_ms": []int{1, 2}}).is(422, "VALIDATION_FAILED").at("/times_ms")
		w.call("POST", "/v1/check/liveness", object{"frames": "one"}).is(422, "VALIDATION_FAILED").at("/frames")
		w.call("POST", "/v1/check/liveness", `{"frames":[`+strings.TrimSuffix(strings.Repeat(`"AA",`, 100_000), ",")+`]}`).is(422, "VALIDATION_FAILED").at("/frames")
	})
}

// TestLivenessChallenge: a challenge belongs to its organisation, to its
// technology and serves once; it costs nothing, its answer a unit.
func TestLivenessChallenge(t *testing.T) {
	each(t, func(w *world) {
		w.limit(idem.TechLivenessHead, 5)
		asked := w.call("POST", "/v1/check/liveness/challenge", object{"type": "LDHP"}).is(200)
		if len(asked.list("challenge.moves")) != 4 || asked.number("challenge.seconds") != 120 || asked.text("technology") != "LDHP" || asked.text("expires_at") == "" {
			t.Fatalf("challenge: %s", asked.raw)
		}
		path := "/v1/check/liveness/" + asked.text("check_id")
		body, kind := w.frames("ann", 8)
		stranger := w.newOrganisation("Second").SecretKey
		header := map[string]string{"Content-Type": kind}
		w.do(request{method: "POST", path: path, body: body, header: header, key: stranger}).is(404, "CHECK_NOT_FOUND")
		w.do(request{method: "POST", path: "/v1/check/edocument/" + asked.text("check_id"), body: object{"files": object{}}}).is(404, "CHECK_NOT_FOUND")
		w.do(request{method: "POST", path: "/v1/check/liveness/nonsense", body: body, header: header}).is(404, "CHECK_NOT_FOUND")
		if left := w.left(idem.TechLivenessHead); left != 5 {
			t.Errorf("%v units are left after asking", left)
		}
		still := w.do(request{method: "POST", path: path, body: body, header: header}).is(200)
		if still.get("passed") != false || still.text("reasons.0") != "moves_missing" || len(still.list("details.asked")) != 4 || len(still.list("details.done")) != 0 ||
			still.text("check_id") != asked.text("check_id") || still.number("details.frames.1.time_ms") != 250 {
			t.Errorf("a face that stays still: %s", still.raw)
		}
		w.do(request{method: "POST", path: path, body: body, header: header}).is(409, "CHECK_ENDED")
		if left := w.left(idem.TechLivenessHead); left != 4 {
			t.Errorf("%v units are left", left)
		}
		w.call("POST", "/v1/check/liveness/challenge", object{"type": "LDS"}).is(422, "VALIDATION_FAILED")
	})
}

// frames is a form of a face that stays still, with times.
func (w *world) frames(identity string, n int) (body []byte, kind string) {
	w.t.Helper()
	parts, times := []file{}, make([]string, n)
	for i := range n {
		parts = append(parts, file{"frames", fmt.Sprint(i), portrait(identity, uint8(i))})
		times[i] = fmt.Sprint(1000 + 250*i)
	}
	return files(w.t, map[string]string{"times_ms": "[" + strings.Join(times, ",") + "]"}, parts...)
}

func TestCheckDocument(t *testing.T) {
	each(t, func(w *world) {
		body := object{"pages": []string{b64(portrait("a page", 1)), b64(portrait("a page", 2))}, "country": "KAZ"}
		read := w.call("POST", "/v1/check/document", body).is(200)
		if read.get("passed") != true || read.text("technology") != "DR" || read.text("details.kind") != "passport" || read.text("details.fields.0.value") != "L898902C3" ||
			read.text("details.fields.0.source") != "mrz" || read.get("details.mrz.valid") != true || len(read.list("details.pages")) != 2 ||
			read.text("details.portrait.image") == "" || read.text("warnings.1") != "country_mismatch" || len(read.list("details.mrz.rows")) != 2 {
			t.Errorf("read: %s", read.raw)
		}
		w.call("POST", "/v1/check/document", object{"pages": slices.Repeat([]string{b64(portrait("a page", 1))}, 5)}).is(422, "VALIDATION_FAILED").at("/pages")
		w.call("POST", "/v1/check/document", object{"pages": []string{}}).is(422, "EVIDENCE_MISSING").at("/pages")
		w.call("POST", "/v1/check/document", object{"pages": []string{b64(bomb())}}).is(413, "IMAGE_TOO_LARGE").at("/pages/0")
	})
}

func TestCheckEDocument(t *testing.T) {
	issuer := edoctest.New(t, edoctest.P256())
	files := issuer.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait()))
	eachWith(t, options{chips: chips(t, issuer.Root)}, func(w *world) {
		body := object{}
		for name, data := range files {
			body[name] = b64(data)
		}
		genuine := w.call("POST", "/v1/check/edocument", object{"files": body}).is(200)
		if genuine.get("passed") != true || genuine.get("details.proven") != true || genuine.text("details.document.surname") == "" ||
			genuine.text("details.portrait.type") != "image/jpeg" || genuine.text("details.root.fingerprint") == "" || genuine.text("details.chip_authentication") != "none" {
			t.Errorf("genuine: %s", genuine.raw)
		}
		group := slices.Clone(files["EF.DG1"])
		group[len(group)-20] ^= 1
		body["EF.DG1"] = b64(group)
		altered := w.call("POST", "/v1/check/edocument", object{"files": body}).is(200)
		if altered.text("reasons.0") != "dg_hash_mismatch" || altered.get("details.document") != nil || altered.get("details.portrait") != nil || altered.number("details.altered_groups.0") != 1 {
			t.Errorf("altered: %s", altered.raw)
		}
		w.call("POST", "/v1/check/edocument", object{"files": object{}}).is(422, "EVIDENCE_MISSING").at("/files")
		w.call("POST", "/v1/check/edocument", object{"files": object{"EF.SOD": b64([]byte("nonsense")), "EF.DG1": b64(group)}}).is(422, "CHIP_FILE_MALFORMED").at("/files")
		w.call("POST", "/v1/check/edocument", object{"files": object{"EF.SOD": b64(make([]byte, 3<<20))}}).is(413, "CHIP_FILE_TOO_LARGE")
		w.call("POST", "/v1/check/edocument", object{"files": object{"a.txt": b64([]byte("x"))}}).is(422, "CHIP_FILE_UNKNOWN").at("/files")
	})
}

// TestChipProves goes the way of active authentication by form.
func TestChipProves(t *testing.T) {
	issuer := edoctest.New(t, edoctest.P256())
	key, err := edoctest.P256().NewKey()
	if err != nil {
		t.Fatal(err)
	}
	groups := edoctest.Groups(edoctest.Passport(), edoctest.Portrait())
	groups[14], groups[15] = edoctest.DG14(), edoctest.DG15(edoctest.P256(), key)
	chip := issuer.Chip(groups)
	eachWith(t, options{chips: chips(t, issuer.Root)}, func(w *world) {
		asked := w.call("POST", "/v1/check/edocument/challenge", nil).is(200)
		nonce, err := base64.StdEncoding.DecodeString(asked.text("challenge.nonce"))
		if err != nil || len(nonce) != 8 {
			t.Fatalf("challenge: %s", asked.raw)
		}
		var parts []file
		for name, data := range chip {
			parts = append(parts, file{"files", name, data})
		}
		parts = append(parts, file{"files", "AA.RESPONSE", edoctest.Answer(key, nonce)})
		body, kind := files(t, nil, parts...)
		done := w.do(request{method: "POST", path: "/v1/check/edocument/" + asked.text("check_id"), body: body, header: map[string]string{"Content-Type": kind}}).is(200)
		if done.get("passed") != true || done.text("details.chip_authentication") != "active" {
			t.Errorf("answer: %s", done.raw)
		}
		body, kind = files(t, nil, parts[0], parts[0])
		w.do(request{method: "POST", path: "/v1/check/edocument", body: body, header: map[string]string{"Content-Type": kind}}).is(400, "INVALID_MULTIPART").at("/files")
	})
}

func TestProviderApproves(t *testing.T) {
	eachWith(t, options{chips: chips(t)}, func(w *world) {
		w.limit(idem.TechEDocument, 1)
		holder := object{"personal_number": "900102400123", "phone": "+77010000001"}
		started := w.call("POST", "/v1/check/edocument/start", holder).is(200)
		path := "/v1/check/edocument/" + started.text("check_id") + "/approve"
		w.do(request{method: "POST", path: path, body: object{"code": provider.TestCode}, key: w.newOrganisation("Second").SecretKey}).is(404, "CHECK_NOT_FOUND")
		w.call("POST", path, object{"code": "000000"}).is(422, "CODE_WRONG")
		done := w.call("POST", path, object{"code": provider.TestCode}).is(200)
		if done.get("passed") != true || done.text("details.kind") != "PROVIDER" || done.text("details.phone") != "+77010000001" || done.text("details.document.personal_number") != "900102400123" {
			t.Errorf("approved: %s", done.raw)
		}
		w.call("POST", path, object{"code": provider.TestCode}).is(403, "SUBSCRIPTION_LIMIT_REACHED")
		w.call("POST", "/v1/check/edocument/start", holder).is(403, "SUBSCRIPTION_LIMIT_REACHED")
		w.limit(idem.TechEDocument, idem.Unlimited)
		w.call("POST", path, object{"code": provider.TestCode}).is(409, "CHECK_ENDED")
		w.call("POST", "/v1/check/edocument/start", object{"personal_number": "?", "phone": "+77010000001"}).is(400, "HOLDER_INVALID").at("/personal_number")
		w.call("POST", "/v1/check/edocument/start", object{"personal_number": provider.TestUnknown, "phone": "+77010000002"}).is(422, "HOLDER_NOT_FOUND")
		w.call("POST", "/v1/check/edocument/start", object{"personal_number": provider.TestOutage, "phone": "+77010000003"}).is(503, "PROVIDER_UNAVAILABLE")
		w.call("POST", "/v1/check/edocument/start", object{"provider": "other", "personal_number": "900102400123", "phone": "+77010000001"}).is(422, "PROVIDER_UNKNOWN").at("/provider")
		thrice := w.call("POST", "/v1/check/edocument/start", holder).is(200).text("check_id")
		for range 3 {
			w.call("POST", "/v1/check/edocument/"+thrice+"/approve", object{"code": "000000"}).is(422, "CODE_WRONG")
		}
		w.call("POST", "/v1/check/edocument/"+thrice+"/approve", object{"code": provider.TestCode}).is(409, "CHECK_ENDED")
	})
}

// TestCodesAreLimited: the fourth code to a phone within ten minutes is refused.
func TestCodesAreLimited(t *testing.T) {
	eachWith(t, options{chips: chips(t)}, func(w *world) {
		start := func(number string) *reply {
			return w.call("POST", "/v1/check/edocument/start", object{"personal_number": number, "phone": "+77010000001"})
		}
		for _, number := range []string{"900102400123", "900102400124", "900102400125"} {
			start(number).is(200)
		}
		refused := start("900102400126").is(429, "RATE_LIMITED")
		seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
		if err != nil || seconds < 540 || seconds > 600 || refused.text("details.limit") != "receiver" {
			t.Errorf("Retry-After %q, %s", refused.header.Get("Retry-After"), refused.raw)
		}
		w.call("PATCH", "/v1/organisation", object{"settings": object{"codes_per_hour": 0}}).is(422, "VALIDATION_FAILED").at("/settings/codes_per_hour")
		w.call("PATCH", "/v1/organisation", object{"settings": object{"codes_per_hour": 3}}).is(200)
		all := w.call("POST", "/v1/check/edocument/start", object{"personal_number": "900102400127", "phone": "+77010000002"}).is(429, "RATE_LIMITED")
		if all.text("details.limit") != "organisation" {
			t.Errorf("beyond the organisation's setting: %s", all.raw)
		}
	})
}

// TestEveryTechnologyIsGated takes all subscriptions away.
func TestEveryTechnologyIsGated(t *testing.T) {
	each(t, func(w *world) {
		for _, code := range idem.Technologies() {
			w.limit(code, 0)
		}
		image := b64(portrait("ann", 1))
		for path, body := range map[string]object{
			"/v1/check/face":                {"probe": image, "reference": image},
			"/v1/check/liveness":            {"frames": []string{image}},
			"/v1/check/liveness/challenge":  {"type": "LDP"},
			"/v1/check/document":            {"pages": []string{image}},
			"/v1/check/edocument":           {"files": object{"EF.SOD": image}},
			"/v1/check/edocument/challenge": nil,
			"/v1/check/edocument/start":     {"personal_number": "900102400123", "phone": "+77010000001"},
		} {
			r := request{method: "POST", path: path, body: body}
			if body == nil {
				r.body = nil
			}
			w.do(r).is(403, "SUBSCRIPTION_REQUIRED")
		}
	})
}

// TestChecksWithoutEngine: what is missing is told, and nothing is spent.
func TestChecksWithoutEngine(t *testing.T) {
	eachWith(t, options{engine: facetest.Fake{Err: errSwitchedOff}}, func(w *world) {
		image := b64(portrait("ann", 1))
		w.limit(idem.TechFace2Face, 3)
		w.call("POST", "/v1/check/face", object{"probe": image, "reference": image}).is(503, "FACE_ENGINE_UNAVAILABLE")
		w.call("POST", "/v1/check/liveness", object{"frames": []string{image}}).is(503, "FACE_ENGINE_UNAVAILABLE")
		if left := w.left(idem.TechFace2Face); left != 3 {
			t.Errorf("%v units are left", left)
		}
		w.call("POST", "/v1/check/edocument/start", object{"personal_number": "900102400123", "phone": "+77010000001"}).is(200)
	})
}

// bomb is a JPEG of a few bytes that claims 65500 x 65500 pixels.
func bomb() []byte {
	data := slices.Clone(portrait("ann", 1))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	copy(data[at+5:], []byte{0xff, 0xdc, 0xff, 0xdc})
	return data
}

// TestHostilePictures: what is refused by its header is never decoded, and a
// body that is too large is not read.
func TestHostilePictures(t *testing.T) {
	each(t, func(w *world) {
		good := b64(portrait("ann", 1))
		for name, c := range map[string]struct {
			data   []byte
			status int
			code   string
		}{
			"claims 65500 x 65500": {bomb(), 413, "IMAGE_TOO_LARGE"},
			"svg":                  {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>`), 415, "IMAGE_TYPE_UNSUPPORTED"},
			"truncated":            {portrait("ann", 1)[:400], 422, "IMAGE_UNDECODABLE"},
			"eleven megabytes":     {make([]byte, 11<<20), 413, "IMAGE_TOO_LARGE"},
		} {
			got := w.call("POST", "/v1/check/face", object{"probe": b64(c.data), "reference": good})
			t.Log(name)
			got.is(c.status, c.code).at("/probe")
		}
		before := heap()
		for range 30 {
			w.call("POST", "/v1/check/document", object{"pages": slices.Repeat([]string{b64(bomb())}, 4)}).is(413, "IMAGE_TOO_LARGE")
		}
		if grown := int64(heap()) - int64(before); grown > 64<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
		body := io.MultiReader(strings.NewReader(`{"probe":"`), bytes.NewReader(bytes.Repeat([]byte("A"), 30<<20)))
		r := w.do(request{method: "POST", path: "/v1/check/face", body: body})
		r.is(413, "BODY_TOO_LARGE")
	})
}

// TestEnrolmentsGoOnWhileChecksFlood: one check holds the only slot and others
// wait for it, and persons are still created and found.
func TestEnrolmentsGoOnWhileChecksFlood(t *testing.T) {
	gate := &gate{Technology: documenttest.Reader{}, open: make(chan struct{}), entered: make(chan struct{}, 16)}
	eachWith(t, options{slots: 1, reader: gate}, func(w *world) {
		gate.open = make(chan struct{})
		var flood sync.WaitGroup
		for range 6 {
			flood.Go(func() {
				body := object{"pages": []string{b64(portrait("a page", 1))}}
				w.do(request{method: "POST", path: "/v1/check/document", body: body}).is(200)
			})
		}
		<-gate.entered
		for i := range 3 {
			id := w.createPerson(fmt.Sprint("person", i))
			if found := w.call("POST", "/v1/identify", object{"image": b64(portrait(fmt.Sprint("person", i), 4))}).is(200); found.text("candidates.0.person_id") != id {
				t.Errorf("found %s", found.raw)
			}
		}
		close(gate.open)
		flood.Wait()
		for range 5 {
			<-gate.entered
		}
	})
}

// gate is a technology that waits to be opened.
type gate struct {
	tech.Technology
	open, entered chan struct{}
}

func (g *gate) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	g.entered <- struct{}{}
	<-g.open
	return g.Technology.Run(ctx, in)
}

// file is a part of a form with the name of a file.
type file struct {
	part, name string
	data       []byte
}

// files builds a form in the order given.
func files(t *testing.T, texts map[string]string, list ...file) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, text := range texts {
		if err := m.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range list {
		part, err := m.CreateFormFile(f.part, f.name)
		if err != nil {
			t.Fatal(err)
		}
		part.Write(f.data)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}
