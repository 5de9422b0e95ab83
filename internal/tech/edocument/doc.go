// Package edocument checks electronic documents (ED): the files of a travel
// document's chip, the data of a mobile driving licence, and what a national
// provider answers about a person who confirmed a code.
//
// Passive authentication proves that an issuer signed the data, not that the
// chip is the original: a copy passes it too. Chip.Authentication of a result
// says whether the chip itself was proven, and a Policy can require it.
//
// Nothing of a document whose proof fails leaves this package: neither fields
// nor portrait.
package edocument
