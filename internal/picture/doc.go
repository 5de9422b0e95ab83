// Package picture takes in images from strangers: it tells their format by
// their first bytes, refuses what is too large before anything is decoded,
// decodes JPEG, PNG, WebP and HEIC, applies the EXIF orientation, shrinks to a
// working size, strips metadata for storage and reads base64 fields.
//
// Formats whose decoder is foreign code (HEIC, and JPEG 2000 in portraits of
// documents where the build has the tag jp2) are decoded in a worker: the
// program starts itself again as a process with hard limits on memory and CPU
// time that reads one picture and ends.
//
// It does not look at what a picture shows.
package picture
