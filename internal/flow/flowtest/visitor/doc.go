// Package visitor goes through sessions over HTTP as people do: with a face
// before the camera and a passport of Utopia that shows the same face. It
// serves tests and measurements of a whole server with real models.
package visitor
