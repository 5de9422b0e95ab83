// Package liveness judges whether a living person is in front of the camera
// (presentation attack detection, ISO/IEC 30107-1), in four technologies:
//
//	LDS   one frame, or several: the passive judgement of the network alone
//	LDHP  turns of the head in an order that the server draws
//	LDD   coming closer and going away again when the server says so
//	LDP   turns and distance together
//
// What the server asks for is judged by its own estimate of pose and size in
// every frame; what the client says counts only for the times between frames,
// and these are held against the server's clock. One face must go through all
// frames, without a jump and without turning into somebody else's.
//
// Frames come as the camera sees, not mirrored. Directions are those of the
// person: LEFT turns the nose to the right of the picture.
//
// Whether eyes are closed, a smile and the direction of the gaze are not judged:
// no network at hand was shown to tell them. EyesClosed is nil, never a guess.
package liveness
