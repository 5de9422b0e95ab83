package httpapi

import (
	"cmp"
	"slices"
)

// errorCode is a line of the page about codes.
type errorCode struct {
	Code    string
	Status  int
	Meaning string
}

// errorCodes lists what the native API refuses with, by name. The tests provoke
// refusals and fail on one that is not here.
func errorCodes() []errorCode {
	all := slices.Concat(requestCodes(), stateCodes())
	slices.SortFunc(all, func(a, b errorCode) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// requestCodes are the faults of a request as such.
func requestCodes() []errorCode {
	return []errorCode{
		{"ALIAS_TYPE_NOT_ALLOWED", 422, "No such alias type, or one that cannot be set."},
		{"ALIAS_VALUE_INVALID", 422, "The value is not one of its type."},
		{"API_KEY_INVALID", 401, "The key is unknown, expired, revoked or of another kind."},
		{"API_KEY_MISSING", 401, "There is no Authorization header."},
		{"BODY_INCOMPLETE", 400, "The body ended before its announced length."},
		{"BODY_TOO_LARGE", 413, "The body is larger than is allowed here."},
		{"BODY_TOO_SLOW", 408, "The body did not arrive in time."},
		{"CHALLENGE_MISSING", 422, "An answer of a chip needs the challenge that it answers."},
		{"CHALLENGE_NOT_OFFERED", 422, "The technology asks for nothing before it runs."},
		{"CHIP_FILE_MALFORMED", 422, "A file of a chip is not what its name says."},
		{"CHIP_FILE_TOO_LARGE", 413, "A file of a chip is too large."},
		{"CHIP_FILE_UNKNOWN", 422, "No file of an electronic document has this name."},
		{"CODE_WRONG", 422, "The code is not the one that the holder received."},
		{"CANDIDATES_TOO_MANY", 422, "Too many persons reach the score, and too few of the best pass the filter. Ask for a higher score."},
		{"CONTENT_ENCODING_UNSUPPORTED", 415, "Compressed bodies are not taken."},
		{"CONTENT_TYPE_UNSUPPORTED", 415, "The body has a content type that is not understood here."},
		{"DOCUMENT_NOT_FOUND", 422, "There is no document in the pictures."},
		{"DOCUMENT_TOO_SMALL", 422, "The document has too few pixels to be read."},
		{"EVIDENCE_MISSING", 422, "A part that the technology is about was not given; errors tells which."},
		{"FACE_NOT_FOUND", 422, "The organisation refuses known faces, and the photo shows none that can be compared."},
		{"FACE_LOW_QUALITY", 422, "As FACE_NOT_FOUND: the face is too poor to be compared."},
		{"FACE_TOO_SMALL", 422, "As FACE_NOT_FOUND: the face is too small to be compared."},
		{"FMR_NOT_CALIBRATED", 422, "The recognition model is calibrated for false match rates of 1e-6 to 1e-2 only."},
		{"FLOW_EMPTY", 422, "A flow has at least one technology."},
		{"FLOW_ORDER_INVALID", 422, "Face2Face comes behind a liveness step and a document, or uses the photos of persons."},
		{"HOLDER_INVALID", 400, "The personal number or the phone is not one."},
		{"HOLDER_NOT_FOUND", 422, "The document provider does not know this person and phone."},
		{"IDEMPOTENCY_KEY_INVALID", 422, "An Idempotency-Key is 1 to 255 visible ASCII characters."},
		{"IDEMPOTENCY_MISMATCH", 422, "The Idempotency-Key was used for a different request."},
		{"IF_MATCH_INVALID", 400, "If-Match takes one strong entity tag, or *."},
		{"IMAGE_BASE64_INVALID", 400, "The image is not valid base64."},
		{"IMAGE_TOO_BLURRED", 422, "The picture is too blurred to be read."},
		{"IMAGE_TOO_LARGE", 413, "The image has too many bytes or pixels."},
		{"IMAGE_TOO_SMALL", 422, "The image has too few pixels."},
		{"IMAGE_TYPE_UNSUPPORTED", 415, "The image is not JPEG, PNG, WebP or HEIC."},
		{"IMAGE_UNDECODABLE", 422, "The image is damaged."},
		{"INVALID_CURSOR", 400, "The cursor is not one of this list with this filter."},
		{"INVALID_JSON", 400, "The body is not JSON, or a member is given twice."},
		{"INVALID_MULTIPART", 400, "The form is damaged, has too many parts, or a part is given twice."},
		{"METHOD_NOT_ALLOWED", 405, "The path does not take the method."},
		{"PORTRAIT_UNDECODABLE", 422, "The portrait of the document is damaged."},
		{"PROVIDER_UNKNOWN", 422, "No document provider of that name is configured."},
		{"RATE_LIMITED", 429, "The server is busy; or a receiver or the organisation was sent too many codes, or one address asked for too many: details.limit tells which."},
		{"ROLE_FORBIDDEN", 403, "The key lacks the permission that details names."},
		{"SUBSCRIPTION_LIMIT_REACHED", 403, "The subscription's transactions are used up."},
		{"SUBSCRIPTION_REQUIRED", 403, "The organisation has no active subscription for the technology."},
		{"TECHNOLOGY_UNKNOWN", 422, "There is no technology of that code here."},
		{"VALIDATION_FAILED", 422, "The request is understood and not valid; errors tells where."},
		{"WEBHOOK_LIMIT", 422, "A flow has at most five webhooks."},
		{"WEBHOOK_URL_INVALID", 422, "The address is not one that can be delivered to; details tells why."},
	}
}

// stateCodes are refusals that depend on what the server knows.
func stateCodes() []errorCode {
	return []errorCode{
		{"ALIAS_CONFLICT", 409, "An alias belongs to another live person. details.conflicts lists all such aliases, masked, with their persons."},
		{"ALIAS_DUPLICATE", 409, "The request gives the same alias twice, or the person has the value already."},
		{"ALIAS_NOT_FOUND", 404, "The person has no such alias."},
		{"CHECK_BUSY", 503, "Too many checks run at once, or this one took too long."},
		{"CHECK_ENDED", 409, "The check has its result, or all its attempts are used; begin a new one."},
		{"CHECK_EXPIRED", 409, "The check was not completed in time; begin a new one."},
		{"CHECK_NOT_FOUND", 404, "The organisation has no such check."},
		{"CREDENTIAL_NOT_FOUND", 404, "The organisation has no such key."},
		{"DATABASE_UNAVAILABLE", 503, "The database does not answer at present."},
		{"DATA_ERASED", 404, "The data was erased for ever."},
		{"DEFAULT_REQUIRED", 409, "A person with photos needs a default photo; make another one the default."},
		{"DOCUMENT_ENGINE_UNAVAILABLE", 503, "The document engine cannot work: its models are missing or altered. /readyz tells more."},
		{"EVENT_NOT_FOUND", 404, "The flow has no such event, or it was forgotten."},
		{"FACE_ALREADY_KNOWN", 409, "The face belongs to other persons; details names them with their scores."},
		{"FACE_ENGINE_UNAVAILABLE", 503, "The face engine cannot work: its models are missing or altered. /readyz tells more."},
		{"FLOW_DELETED", 409, "The flow is deleted; its results stay readable."},
		{"FLOW_NAME_TAKEN", 409, "Another flow has this name."},
		{"FLOW_NOT_FOUND", 404, "The organisation has no such flow."},
		{"GALLERY_BEHIND", 503, "The index has not caught up with the gallery's log yet."},
		{"GALLERY_BUSY", 503, "Earlier enrolments were not decided in time."},
		{"IDEMPOTENCY_IN_PROGRESS", 409, "The first request with this Idempotency-Key has not ended yet."},
		{"INTERNAL", 500, "The server failed."},
		{"LAST_ADMIN", 409, "The organisation needs an enabled operator with the role admin."},
		{"LAST_DEFAULT_PHOTO", 409, "The only photo of a person cannot be removed."},
		{"OPERATOR_EXISTS", 409, "The address is an operator of the organisation already."},
		{"OPERATOR_NOT_FOUND", 404, "The organisation has no such operator."},
		{"PERSON_DELETED", 409, "The person is deleted; restore it first."},
		{"PERSON_ERASED", 409, "The person's data was erased for ever."},
		{"PERSON_NOT_DELETED", 409, "Only a deleted person can be restored."},
		{"PERSON_NOT_FOUND", 404, "The organisation has no such person."},
		{"PHOTO_LIMIT", 409, "The person has as many photos as the organisation allows."},
		{"PHOTO_NOT_FOUND", 404, "The person has no such photo."},
		{"PROVIDER_SESSION_ENDED", 409, "The document provider waits no longer for the code; begin again."},
		{"PROVIDER_UNAVAILABLE", 503, "The document provider does not answer."},
		{"RESTORE_CONFLICT", 409, "An alias or the face of the person belongs to another person now; details names them."},
		{"ROUTE_NOT_FOUND", 404, "There is nothing at this path."},
		{"SECRET_NOT_KEPT", 409, "The secret of a key of this kind is shown only when it is made."},
		{"SESSION_ERASED", 409, "The session's data were erased for ever."},
		{"SESSION_LINKED", 409, "The session belongs to a person, whom details names: erase the person instead."},
		{"SESSION_NOT_FOUND", 404, "The organisation has no such session."},
		{"SESSION_STATE", 409, "The session or its collection does not allow this now."},
		{"STORAGE_FULL", 503, "There is no space left to store this."},
		{"SYSTEM_ALIAS_PROTECTED", 409, "A SYSTEM_ID alias cannot be changed."},
		{"TIMEOUT", 503, "The answer took too long."},
		{"TRUST_STORE_UNAVAILABLE", 503, "The trusted roots of electronic documents cannot be read."},
		{"VERSION_MISMATCH", 412, "It was changed meanwhile: read it again."},
		{"WEBHOOK_DISABLED", 409, "The webhook is disabled, so the event would not be sent; enable it first."},
		{"WEBHOOK_NOT_FOUND", 404, "The flow has no such webhook."},
	}
}
