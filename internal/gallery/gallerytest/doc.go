// Package gallerytest holds the contract of gallery.Index, which every
// implementation runs, and synthetic faces: random unit vectors and mates of a
// chosen similarity, for tests that need templates and no networks.
package gallerytest
