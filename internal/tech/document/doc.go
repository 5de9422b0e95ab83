// Package document recognises pictures of identity documents: it finds the
// document, reads its machine readable zone, its visual zone and the codes on
// pages without a zone, compares them, and cuts the portrait out.
//
// Every field says which source it is from and how sure the reading is; what
// was not read is not there. Check digits cover neither names nor nationality,
// so a zone is compared with the visual zone before it is believed.
//
// It owns the order of the steps, the rules by which text becomes fields and
// the quality of pictures. Reading text is ocr's business, zones internal/mrz's,
// personal numbers internal/personal's, codes internal/barcode's and faces the face engine's.
package document
