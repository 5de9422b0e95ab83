// Package specimen draws identity documents of the fictional state of Utopia
// and photographs them with a virtual camera, so that document recognition can
// be tested and measured without anybody's document.
//
// Everything follows from a seed. Names, numbers and faces belong to nobody;
// the portrait is drawn, unless the caller gives one.
package specimen
