package httpapi

import (
	"net/http"

	"github.com/idem-id/idem"
)

// routes is the list of the native API. Each line: method, path, identifier,
// what it does, permission; the handler is in the file of its resource.
func (s *server) routes() {
	const (
		persons = "/v1/persons"
		person  = persons + "/{person_id}"
		aliases = person + "/aliases"
		photos  = person + "/photos"
		photo   = photos + "/{photo_id}"
	)
	handleOnce(s, post(persons, "create-person", "Create a person", idem.PersonsWrite).creates().takes(newPersonBody{}).
		says(createPersonText).like(newPersonExample()), s.createPerson)
	handle(s, get(persons, "list-persons", "List persons", idem.PersonsRead), s.listPersons)
	handle(s, post(persons+"/search", "search-persons", "Find persons by aliases", idem.PersonsRead).like(searchExample()), s.searchPersons)
	handle(s, get(person, "get-person", "Read a person", idem.PersonsRead), s.getPerson)
	handle(s, patch(person, "change-person", "Set whether the identity is verified", idem.PersonsWrite).like(verifiedExample()), s.changePerson)
	handle(s, remove(person, "delete-person", "Delete a person; it can be restored", idem.PersonsWrite), s.deletePerson)
	handleOnce(s, post(person+"/restore", "restore-person", "Restore a deleted person", idem.PersonsWrite), s.restorePerson)
	handleOnce(s, post(person+"/erase", "erase-person", "Erase a person's data for ever", idem.PersonsErase).
		says(eraseText).like(eraseExample()), s.erasePerson)

	handle(s, get(aliases, "list-aliases", "List a person's aliases", idem.PersonsRead), s.listAliases)
	handleOnce(s, post(aliases, "add-alias", "Add an alias", idem.PersonsWrite).creates().like(newAliasExample()), s.addAlias)
	handle(s, patch(aliases+"/{alias_id}", "change-alias", "Replace an alias's value", idem.PersonsWrite).like(valueExample()), s.changeAlias)
	handle(s, remove(aliases+"/{alias_id}", "remove-alias", "Remove an alias", idem.PersonsWrite), s.removeAlias)

	handle(s, get(photos, "list-photos", "List a person's photos", idem.PersonsRead), s.listPhotos)
	handleOnce(s, post(photos, "add-photo", "Add a photo", idem.PersonsWrite).creates().takes(newPhotoBody{}).like(newPhotoExample()), s.addPhoto)
	handle(s, patch(photo, "change-photo", "Make a photo the default", idem.PersonsWrite).like(defaultExample()), s.changePhoto)
	handle(s, remove(photo, "remove-photo", "Remove a photo", idem.PersonsWrite), s.removePhoto)
	handle(s, get(photo+"/image", "get-photo-image", "Read a photo's picture", idem.PicturesRead).answers(imageResponse()), s.getPhotoImage)

	handle(s, get(person+"/actions", "list-actions", "List what happened to a person", idem.ActionsRead), s.listActions)

	handle(s, post("/v1/identify", "identify", "Search a face among all persons (1:N)", idem.FacesIdentify).takes(identifyBody{}).
		says(identifyText).like(identifyExample()), s.identifyFace)
	handle(s, post("/v1/verify", "verify", "Compare two faces (1:1)", idem.FacesVerify).takes(verifyBody{}).
		says(verifyText).like(verifyExample()), s.verifyFace)

	s.checkRoutes()
	s.flowRoutes()
	s.webhookRoutes()

	handle(s, get("/v1/organisation", "get-organisation", "Read the organisation", idem.SettingsRead), s.getOrganisation)
	handle(s, patch("/v1/organisation", "change-organisation", "Change name or settings", idem.SettingsWrite).like(settingsExample()), s.changeOrganisation)

	handle(s, get("/v1/keys", "list-keys", "List keys", idem.KeysManage), s.listKeys)
	handleOnce(s, post("/v1/keys", "create-key", "Make a key; its secret is shown once", idem.KeysManage).creates().like(keyExample()), s.createKey)
	handle(s, remove("/v1/keys/{key_id}", "revoke-key", "Revoke a key", idem.KeysManage), s.revokeKey)
	handle(s, get("/v1/keys/{key_id}/secret", "reveal-key", "Show the secret of a key that is kept", idem.KeysManage), s.revealKey)

	handle(s, get("/v1/operators", "list-operators", "List operators", idem.KeysManage), s.listOperators)
	handleOnce(s, post("/v1/operators", "create-operator", "Make an operator; a drawn password is shown once", idem.KeysManage).creates().
		like(operatorExample()), s.createOperator)
	handle(s, patch("/v1/operators/{operator_id}", "change-operator", "Change role, password or whether the operator is disabled", idem.KeysManage).
		like(operatorChangeExample()), s.changeOperator)

	handle(s, get("/v1/subscriptions", "list-subscriptions", "List subscriptions", idem.SettingsRead), s.listSubscriptions)
	s.dropHumaErrors()
}

// checkRoutes are the technologies alone.
func (s *server) checkRoutes() {
	const (
		face, document, live, chip = "/v1/check/face", "/v1/check/document", "/v1/check/liveness", "/v1/check/edocument"
		run                        = idem.ChecksRun
	)
	handle(s, post(face, "check-face", "Compare two faces, one of them a reference", run).takes(checkFaceBody{}).
		says(checkFaceText).like(checkFaceExample()), s.checkFace)

	handle(s, post(live, "check-liveness", "Judge whether a living person is seen", run).takes(checkLivenessBody{}).
		says(checkLivenessText).like(checkLivenessExample()), s.checkLiveness)
	handle(s, post(live+"/challenge", "challenge-liveness", "Draw moves for a person to make", run).
		says(challengeLivenessText).like(challengeExample()), s.challengeLiveness)
	handle(s, post(live+"/{check_id}", "answer-liveness", "Judge the frames that answer a challenge", run).takes(checkLivenessBody{}).
		says(checkText).like(answerLivenessExample()), s.answerLiveness)

	handle(s, post(document, "check-document", "Read an identity document", run).takes(checkDocumentBody{}).
		says(checkDocumentText).like(checkDocumentExample()), s.checkDocument)

	handle(s, post(chip, "check-edocument", "Check an electronic document", run).takes(checkEDocumentBody{}).
		says(checkEDocumentText).like(checkEDocumentExample()), s.checkEDocument)
	handle(s, post(chip+"/challenge", "challenge-edocument", "Draw bytes for a chip to sign", run).
		says(challengeEDocumentText), s.challengeEDocument)
	handle(s, post(chip+"/{check_id}", "answer-edocument", "Check an electronic document whose chip signed a challenge", run).takes(checkEDocumentBody{}).
		says(checkText).like(checkEDocumentExample()), s.answerEDocument)
	handle(s, post(chip+"/start", "start-edocument", "Ask a provider to send the holder a code", run).
		says(startEDocumentText).like(startEDocumentExample()), s.startEDocument)
	handle(s, post(chip+"/{check_id}/approve", "approve-edocument", "Give the holder's code to the provider", run).
		says(approveEDocumentText).like(object{"code": "123456"}), s.approveEDocument)
}

// flowRoutes are flows, their sessions and what became of these.
func (s *server) flowRoutes() {
	const one = "/v1/flows/{flow_id}"
	handle(s, get("/v1/technologies", "list-technologies", "List the technologies that flows can be made of", idem.FlowsRead), s.listTechnologies)
	handle(s, get("/v1/flows", "list-flows", "List flows", idem.FlowsRead), s.listFlows)
	handleOnce(s, post("/v1/flows", "create-flow", "Make a flow with its key", idem.FlowsManage).creates().
		says(createFlowText).like(flowExample()), s.createFlow)
	handle(s, get(one, "get-flow", "Read a flow", idem.FlowsRead), s.getFlow)
	handle(s, patch(one, "change-flow", "Change name, limits or what the flow has to do with persons", idem.FlowsManage).
		says(changeFlowText).like(object{"name": "Onboarding of branches", "attempts": 5}), s.changeFlow)
	handle(s, remove(one, "delete-flow", "Delete a flow; its results stay readable", idem.FlowsManage), s.deleteFlow)
	handle(s, post(one+"/key", "rotate-flow-key", "Draw a new key of a flow", idem.FlowsManage).says(rotateFlowText), s.rotateFlowKey)
	handle(s, post(one+"/demo", "demo-flow", "Open a demonstration of a flow", idem.FlowsRead).says(demoFlowText), s.demoFlow)

	handle(s, get("/v1/sessions", "list-sessions", "List sessions", idem.SessionsRead), s.listSessions)
	handle(s, get("/v1/sessions/{session_id}", "get-session", "Read a session with what its steps found", idem.SessionsRead), s.getSession)
	handleOnce(s, post("/v1/sessions/{session_id}/erase", "erase-session", "Erase a session's data for ever", idem.PersonsErase).
		says(eraseSessionText).like(eraseExample()), s.eraseSession)
	handle(s, get("/v1/collections", "list-collections", "List what became of ended sessions", idem.SessionsRead), s.listCollections)
	handle(s, post("/v1/collections/{session_id}/resolve", "resolve-collection", "Decide a conflict", idem.ReviewsWork).
		says(resolveText).like(object{"action": "create"}), s.resolveCollection)
}

// webhookRoutes are where the events of flows go.
func (s *server) webhookRoutes() {
	const (
		all   = "/v1/flows/{flow_id}/webhooks"
		one   = all + "/{webhook_id}"
		write = idem.SettingsWrite
	)
	handle(s, get(all, "list-webhooks", "List the webhooks of a flow", idem.SettingsRead), s.listWebhooks)
	handleOnce(s, post(all, "create-webhook", "Add a webhook; its secret is shown once", write).creates().
		says(createWebhookText).like(object{"url": "https://shop.example/idem"}), s.createWebhook)
	handle(s, patch(one, "change-webhook", "Change a webhook's address or events, or whether it is enabled", write).
		says(changeWebhookText).like(object{"enabled": false}), s.changeWebhook)
	handle(s, remove(one, "delete-webhook", "Remove a webhook; what waits for it is not sent", write), s.deleteWebhook)
	handle(s, post(one+"/secret", "rotate-webhook-secret", "Draw a new secret, which is shown once", write).says(rotateWebhookText), s.rotateWebhook)
	handle(s, post(one+"/test", "test-webhook", "Send a test event", write).says(testWebhookText), s.testWebhook)
	handle(s, get(one+"/deliveries", "list-deliveries", "List the attempts to deliver, newest first", idem.SettingsRead), s.listDeliveries)
	handle(s, post(one+"/events/{event_id}/replay", "replay-event", "Send an event once more", write).says(replayText), s.replayEvent)
}

// pages are the routes without a key.
func (s *server) pages(mux *http.ServeMux) {
	docs := s.renderDocs()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /openapi.json", docs.document)
	mux.HandleFunc("GET /docs", docs.page)
	mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusSeeOther))
	mux.HandleFunc("GET "+errorPage, docs.errors)
	mux.HandleFunc("GET /docs/style.css", docs.style)
}

// errorPage explains the codes; a Problem's type points into it.
const errorPage = "/docs/errors"
