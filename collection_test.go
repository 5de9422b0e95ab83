package idem_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

func passed(code idem.TechCode, r idem.StepResult) idem.Step {
	r.Passed = true
	return idem.Step{Technology: code, State: idem.StepPassed, Result: &r}
}

func live(prediction float64, face idem.BlobRef) idem.StepResult {
	return idem.StepResult{Face: face, Liveness: &idem.LivenessResult{Prediction: prediction}}
}

func document(personal, number, phone string, face idem.BlobRef) idem.StepResult {
	return idem.StepResult{Face: face, Document: &idem.DocumentResult{PersonalNumber: personal, Number: number, Phone: phone}}
}

func matched(ok bool) idem.Step {
	p := idem.Step{Technology: idem.TechFace2Face, State: idem.StepPassed, Result: &idem.StepResult{Passed: ok}}
	if !ok {
		p.State = idem.StepFailed
	}
	return p
}

func types(h idem.Harvest) (out []string) {
	for _, a := range h.Aliases {
		out = append(out, string(a.Type)+"="+a.Norm)
	}
	for _, p := range h.Photos {
		out = append(out, string(p.Type)+"="+string(p.Blob))
	}
	return out
}

func TestHarvest(t *testing.T) {
	ld, ed := passed(idem.TechLivenessHead, live(0.9, "f")), passed(idem.TechEDocument, document("iin 1", "d-1", "87001234567", "p"))
	dr := passed(idem.TechDocumentRecognition, document("iin1", "d2", "", "s"))
	custom := map[string][]string{"custom_id": {" a ", "b", "a"}, "iin": {"x"}}
	failed := idem.Step{Technology: idem.TechLivenessShort, State: idem.StepFailed, Result: &idem.StepResult{Face: "bad", Liveness: &idem.LivenessResult{Prediction: 1}}}
	for name, c := range map[string]struct {
		steps    []idem.Step
		metadata map[string][]string
		config   func(*idem.PersonConfig)
		want     []string
		reason   idem.CollectionReason
	}{
		"electronic document and liveness": {[]idem.Step{ed, ld}, nil, nil,
			[]string{"DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER=IIN1", "PHONE=+77001234567", "DIGITAL=p", "LIVE=f"}, ""},
		"both documents":                {[]idem.Step{ed, dr}, nil, nil, []string{"DOCUMENT_NUMBER=D1", "DOCUMENT_NUMBER=D2", "PERSONAL_NUMBER=IIN1", "PHONE=+77001234567", "DIGITAL=p", "SCAN=s"}, ""},
		"documents of different people": {[]idem.Step{ed, passed(idem.TechDocumentRecognition, document("IIN2", "", "", ""))}, nil, nil, nil, idem.CollectionNumbersDiffer},
		"the best of several frames":    {[]idem.Step{passed(idem.TechLivenessHead, live(0.5, "f")), passed(idem.TechLivenessPro, live(0.7, "g"))}, nil, nil, []string{"LIVE=g"}, ""},
		"custom aliases":                {[]idem.Step{ld}, custom, nil, []string{"CUSTOM=a", "CUSTOM=b", "LIVE=f"}, ""},
		"another custom key":            {[]idem.Step{ld}, custom, func(c *idem.PersonConfig) { c.CustomAliasKey = "iin" }, []string{"CUSTOM=x", "LIVE=f"}, ""},
		"faces differ":                  {[]idem.Step{ed, ld, matched(false)}, nil, nil, []string{"DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER=IIN1", "PHONE=+77001234567", "DIGITAL=p"}, ""},
		"faces differ, all wanted":      {[]idem.Step{ld, matched(false)}, nil, func(c *idem.PersonConfig) { c.FailedMatch = idem.FailedCollectAll }, []string{"LIVE=f"}, ""},
		"faces differ, none wanted":     {[]idem.Step{ed, ld, matched(false)}, nil, func(c *idem.PersonConfig) { c.FailedMatch = idem.FailedSkipSession }, nil, idem.CollectionFacesDiffer},
		"only a failed step":            {[]idem.Step{failed}, custom, nil, nil, idem.CollectionNothing},
		"metadata alone":                {[]idem.Step{{Technology: idem.TechEDocument, State: idem.StepPending}}, custom, nil, nil, idem.CollectionNothing},
		"a photo alone, not wanted":     {[]idem.Step{ld}, nil, func(c *idem.PersonConfig) { c.CollectWithoutAlias = false }, []string{"LIVE=f"}, idem.CollectionNothing},
		"an alias that cannot be one":   {[]idem.Step{ld, passed(idem.TechEDocument, document("", "  ", "12", ""))}, nil, nil, []string{"LIVE=f"}, ""},
	} {
		s := idem.Session{Steps: c.steps, Config: idem.DefaultPersonConfig()}
		if c.config != nil {
			c.config(&s.Config)
		}
		h, reason := s.Harvest(idem.DefaultSettings(), c.metadata)
		if reason != c.reason || c.want != nil && !slices.Equal(types(h), c.want) {
			t.Errorf("%s: %v, %q; want %v, %q", name, types(h), reason, c.want, c.reason)
		}
	}
}

func TestTarget(t *testing.T) {
	h := idem.Harvest{Aliases: []idem.Alias{
		{Type: idem.AliasCustom, Norm: "c"}, {Type: idem.AliasPersonalNumber, Norm: "N"}, {Type: idem.AliasPhone, Norm: "+7"},
	}}
	for name, c := range map[string]struct {
		owners  []idem.PersonID
		numbers map[idem.PersonID][]string
		lookup  idem.PersonID
		policy  idem.ConflictPolicy
		want    idem.PersonID
		reason  idem.CollectionReason
		hits    int
	}{
		"nobody":                              {owners: []idem.PersonID{"", "", ""}},
		"nobody, though the metadata names P": {owners: []idem.PersonID{"", "", ""}, lookup: "P"},
		"one by number":                       {owners: []idem.PersonID{"", "P", ""}, want: "P"},
		"one by several":                      {owners: []idem.PersonID{"P", "P", "P"}, want: "P"},
		"one by custom id, number unknown":    {owners: []idem.PersonID{"P", "", ""}, want: "P"},
		"one by phone, other number":          {owners: []idem.PersonID{"", "", "P"}, numbers: map[idem.PersonID][]string{"P": {"M"}}, reason: idem.CollectionIdentityDiffers, hits: 1},
		"one by number, which it has besides": {owners: []idem.PersonID{"", "P", ""}, numbers: map[idem.PersonID][]string{"P": {"M", "N"}}, want: "P"},
		"several":                             {owners: []idem.PersonID{"", "P", "Q"}, reason: idem.CollectionSeveralPersons, hits: 2},
		"several, the number decides":         {owners: []idem.PersonID{"", "P", "Q"}, policy: idem.ConflictStrongFirst, want: "P"},
		"several, no number decides":          {owners: []idem.PersonID{"P", "", "Q"}, policy: idem.ConflictStrongFirst, reason: idem.CollectionSeveralPersons, hits: 2},
		"the metadata named the same":         {owners: []idem.PersonID{"", "P", ""}, lookup: "P", want: "P"},
		"the metadata named another":          {owners: []idem.PersonID{"", "P", ""}, lookup: "Q", reason: idem.CollectionLookupDiffers, hits: 1},
	} {
		if c.policy == "" {
			c.policy = idem.ConflictReview
		}
		who, reason, hits := h.Target(c.owners, c.numbers, c.lookup, c.policy)
		if who != c.want || reason != c.reason || len(hits) != c.hits {
			t.Errorf("%s: %q, %q, %v", name, who, reason, hits)
		}
	}
}

func TestReferences(t *testing.T) {
	at := time.Unix(1000, 0)
	got := idem.References([]idem.Photo{
		{ID: "live", Type: idem.PhotoLive, FaceCode: "OK", Default: true},
		{ID: "old scan", Type: idem.PhotoScan, FaceCode: "OK", CreatedAt: at},
		{ID: "new scan", Type: idem.PhotoScan, FaceCode: "OK", CreatedAt: at.Add(time.Hour)},
		{ID: "chosen scan", Type: idem.PhotoScan, FaceCode: "OK", Default: true},
		{ID: "no face", Type: idem.PhotoDigital, FaceCode: "FACE_NOT_FOUND"},
	})
	var ids []idem.PhotoID
	for _, p := range got {
		ids = append(ids, p.ID)
	}
	if !slices.Equal(ids, []idem.PhotoID{"chosen scan", "new scan", "old scan", "live"}) {
		t.Errorf("the order is %v", ids)
	}
}

func TestReusable(t *testing.T) {
	now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	fresh := passed(idem.TechEDocument, document("1", "2", "", ""))
	fresh.EndedAt = now.Add(-2 * time.Hour)
	expired, lasting, copied := fresh, fresh, fresh
	expired.Result = &idem.StepResult{Passed: true, Document: &idem.DocumentResult{Expiry: idem.Date{Year: 2026, Month: 6, Day: 14}}}
	lasting.Result = &idem.StepResult{Passed: true, Document: &idem.DocumentResult{Expiry: idem.Date{Year: 2026, Month: 6, Day: 15}}}
	copied.State = idem.StepSkipped
	for name, c := range map[string]struct {
		step idem.Step
		age  time.Duration
		want bool
	}{
		"any age": {fresh, 0, true}, "young enough": {fresh, 3 * time.Hour, true}, "too old": {fresh, time.Hour, false},
		"expired": {expired, 0, false}, "last day": {lasting, 0, true}, "a copy": {copied, 0, false},
		"failed": {matched(false), 0, false},
	} {
		if got := c.step.Reusable(now, c.age); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCollectionEndsOnce(t *testing.T) {
	c := idem.Collection{State: idem.CollectionQueued}
	now := time.Unix(5, 0)
	if err := c.End(idem.CollectionConflict, idem.CollectionSeveralPersons, "", now); err != nil {
		t.Fatal(err)
	}
	if err := c.End(idem.CollectionDone, "", "P", now); err != nil || c.Person != "P" || c.Reason != "" {
		t.Errorf("a conflict was not resolved: %+v, %v", c, err)
	}
	if err := c.End(idem.CollectionSkipped, idem.CollectionDiscarded, "", now); err == nil {
		t.Error("a collection ended twice")
	}
}

func TestWhatFollowsFromASession(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		session idem.Session
		want    idem.Collection
		ok      bool
	}{
		"finished":             {idem.Session{State: idem.SessionFinished, Config: idem.PersonConfig{Collect: true}}, idem.Collection{State: idem.CollectionQueued, CreatedAt: now}, true},
		"failed":               {idem.Session{State: idem.SessionFailed, Config: idem.PersonConfig{Collect: true}}, idem.Collection{State: idem.CollectionQueued, CreatedAt: now}, true},
		"a flow of no persons": {idem.Session{State: idem.SessionFinished}, idem.Collection{State: idem.CollectionSkipped, Reason: idem.CollectionDisabled, CreatedAt: now, EndedAt: now}, true},
		"expired":              {idem.Session{State: idem.SessionExpired, Config: idem.PersonConfig{Collect: true}}, idem.Collection{}, false},
		"a demonstration":      {idem.Session{State: idem.SessionFinished, Demo: true, Config: idem.PersonConfig{Collect: true}}, idem.Collection{}, false},
		"still running":        {idem.Session{State: idem.SessionProgress, Config: idem.PersonConfig{Collect: true}}, idem.Collection{}, false},
	} {
		got, ok := c.session.Collection(now)
		if ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
}

func TestHints(t *testing.T) {
	metadata := map[string][]string{"custom_id": {"c"}, "iin": {"1", "2"}, "phone": {"7"}, "name": {"n"}}
	for name, c := range map[string]struct {
		config idem.PersonConfig
		want   []string
	}{
		"the defaults":                     {idem.DefaultPersonConfig(), []string{"CUSTOM=c", "PERSONAL_NUMBER=1", "PERSONAL_NUMBER=2", "PHONE=7"}},
		"one key":                          {idem.PersonConfig{LookupKeys: []string{"phone"}}, []string{"PHONE=7"}},
		"a custom key of another name":     {idem.PersonConfig{CustomAliasKey: "name"}, []string{"CUSTOM=n"}},
		"a key that is a custom one first": {idem.PersonConfig{CustomAliasKey: "iin", LookupKeys: []string{"iin"}}, []string{"CUSTOM=1", "CUSTOM=2"}},
	} {
		var got []string
		for _, a := range c.config.Hints(metadata) {
			got = append(got, string(a.Type)+"="+a.Value)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
