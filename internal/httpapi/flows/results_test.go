package flows_test

import (
	"slices"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/tech/document"
)

// resultAt reads what the steps of a session found, and the member of one.
func (s *server) resultAt(f idem.Flow, id idem.SessionID, member string) (whole, part object) {
	s.Helper()
	whole = s.result(f, string(id))
	part, ok := whole[member].(object)
	if !ok {
		s.Fatalf("no %s in %v", member, whole)
	}
	return whole, part
}

// TestPersons_53_ResultsSpeakTheGuide: a failure has the guide's text where
// there is one, beside the code; who runs the session sees the code.
func TestPersons_53_ResultsSpeakTheGuide(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead)
		s.Head.Finds(flowtest.Spoof("ann"))
		over := s.Finish(s.Open(f, "").ID)
		whole, live := s.resultAt(f, over.ID, "liveness_result")
		failure, _ := live["failure_reason"].(object)
		if failure["type"] != "CALC_RESULT" || failure["detail"] != "Low prediction" || !slices.Equal(live["reasons"].([]any), []any{"low_prediction"}) {
			s.Errorf("liveness is %v", live)
		}
		if list, _ := whole["flow_session_failure_reasons"].([]any); len(list) != 1 || list[0].(object)["detail"] != "Low prediction" || whole["flow_session_result"] != false {
			s.Errorf("the session is %v", whole)
		}
		state := s.ok(s.call("GET", "/api/v1/flows/session/"+string(over.ID)+"/state/", "", nil))
		if failure, _ := state["failure_reason"].(object); failure["detail"] != "low_prediction" {
			s.Errorf("the state is %v", state)
		}
	})
}

// TestPersons_61_WholeReadingOfADocument: the result of a session tells of a
// document what the call of the technology alone tells.
func TestPersons_61_WholeReadingOfADocument(t *testing.T) {
	each(t, func(s *server) {
		card := flowtest.Card("ann", flowtest.IIN, "D1")
		read := card.Details.(*document.Result)
		read.Fields = append(read.Fields, document.Field{Name: document.Patronymic, Reading: document.Reading{Value: "IVANOVNA", Source: document.FromVisual, Confidence: .75}})
		read.Pages = []document.Page{{Quality: document.Quality{Width: 1200, Brightness: 200, Cut: true}}}
		for i := range read.Fields[:len(read.Fields)-1] {
			read.Fields[i].Agreed = true
		}
		s.Document.Finds(card)
		f := s.Flow(nil, idem.TechDocumentRecognition)
		_, got := s.resultAt(f, s.Finish(s.Open(f, "").ID).ID, "document_recognition_result")
		fields, _ := got["fields"].(object)
		confidence, _ := got["confidence"].(object)
		optical, _ := got["optical_checks"].(object)
		if fields["patronymic"] != "IVANOVNA" || fields["personal_number"] != flowtest.IIN || confidence["patronymic"] != "0.7500" || got["mrz"] != nil || got["expired"] != false {
			s.Errorf("the document is %v", got)
		}
		if optical["fields_agree"] != false || !slices.Equal(optical["differing_fields"].([]any), []any{"patronymic"}) {
			s.Errorf("the optical checks are %v", optical)
		}
		if pages, _ := got["pages"].([]any); len(pages) != 1 || pages[0].(object)["resolution"] != 1200.0 || pages[0].(object)["cut"] != true {
			s.Errorf("the pages are %v", got["pages"])
		}
	})
}

// TestPersons_58_MembersOfAnElectronicDocument: all members of the guide are
// there, also those that nothing here fills.
func TestPersons_58_MembersOfAnElectronicDocument(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechEDocument)
		_, got := s.resultAt(f, s.Finish(s.Open(f, "").ID).ID, "edocument_result")
		for _, name := range []string{"result", "failure_reason", "phone", "gender", "face_photo", "document_pdf", "document_image", "qrcode", "barcode", "extra", "result_json"} {
			if _, ok := got[name]; !ok {
				s.Errorf("no %s in %v", name, got)
			}
		}
		common, _ := got["result_json"].(object)["common"].(object)
		owner, _ := common["docOwner"].(object)
		issuer, _ := common["docIssuer"].(object)
		for member, in := range map[string]object{"docNumber": common, "iin": owner, "firstName": owner, "lastName": owner, "middleName": owner,
			"nameRu": issuer, "nameEn": issuer, "nameKk": issuer} {
			if _, ok := in[member].(string); !ok {
				s.Errorf("no %s in %v", member, common)
			}
		}
	})
}
