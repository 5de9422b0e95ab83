package httpapi

// The examples of request bodies in the document. A test validates each
// against its schema.

type object = map[string]any

const (
	exampleImage  = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQ="
	examplePerson = "01994a5e-7c1b-7d4e-9a51-0d7c6f2f5b1e"
)

func newPersonExample() object {
	return object{"image": exampleImage, "photo_type": "other", "verified": false, "aliases": []any{aliasExample()}}
}

func newPhotoExample() object { return object{"image": exampleImage, "photo_type": "live"} }

func aliasExample() object { return object{"type": "PHONE", "value": "+77010000001"} }

func newAliasExample() object { return object{"type": "CUSTOM", "value": "customer 7"} }

func valueExample() object { return object{"value": "+77010000002"} }

func searchExample() object { return object{"aliases": []any{aliasExample()}} }

func verifiedExample() object { return object{"verified": true} }

func defaultExample() object { return object{"default": true} }

func eraseExample() object { return object{"reason": "request of the data subject - case 2041"} }

func identifyExample() object { return object{"image": exampleImage, "k": 5, "fmr": 1e-5} }

func verifyExample() object {
	return object{"image": exampleImage, "person_id": examplePerson, "fmr": 1e-4}
}

func settingsExample() object { return object{"settings": object{"face_uniqueness": "reject"}} }

func keyExample() object {
	return object{"kind": "secret", "name": "branch office", "permissions": []any{"persons.read", "faces.identify"}}
}

func operatorExample() object { return object{"email": "aigul@example.com", "role": "operator"} }

func operatorChangeExample() object { return object{"disabled": true} }

func checkFaceExample() object {
	return object{"probe": exampleImage, "reference": exampleImage, "fmr": 1e-4}
}

func checkLivenessExample() object { return object{"frames": []any{exampleImage}} }

func challengeExample() object { return object{"type": "LDHP"} }

func answerLivenessExample() object {
	return object{"frames": []any{exampleImage, exampleImage}, "times_ms": []any{0, 250}}
}

func checkDocumentExample() object {
	return object{"pages": []any{exampleImage}, "country": "KAZ"}
}

func checkEDocumentExample() object {
	return object{"files": object{"EF.SOD": "d4ICOg==", "EF.DG1": "YVtfH1g="}}
}

func startEDocumentExample() object {
	return object{"personal_number": "900102400123", "phone": "+77010000001"}
}
