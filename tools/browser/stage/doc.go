// Command stage prepares what the browser tests hold in front of the camera and
// into its slots: scenes for a fake camera, a photographed specimen, the files
// of a chip with its root, and stage.json, which says what is true about them.
//
//	go run ./tools/browser/stage FOLDER
//
// The faces are those of the sample pictures that come with the models, the
// documents are of Utopia. One portrait is all that there is of a person, so
// head and distance move as a picture does that is bent and enlarged: nobody
// was filmed. Nothing that it writes is to be committed.
package main
