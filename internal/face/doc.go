// Package face is the port to the face engine: what an engine takes, what it
// answers, and what its comparison scores mean.
//
// It owns the types of an analysis (box, landmarks, pose, quality, template,
// presentation attack scores), the biometric codes that are values and not
// errors, the identity of the recognition model and its calibration from
// comparison score to false match rate.
//
// It does not decode pictures (internal/picture), does not hold or fetch
// weights (internal/models), does not compare templates (match) and runs no
// network: face/ort does, and face/facetest is the pure fake for tests.
package face
