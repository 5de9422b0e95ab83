// Package idem is the pure core of the platform: the nouns that every product
// dialect shares and the rules that hold for them.
//
// It owns identifiers, state tables, the default-photo rule, alias
// normalisation, roles and permissions, and the error type. It performs no
// I/O, reads no clock and knows neither JSON nor SQL.
package idem
