// Command benchmatch measures package match side by side with its peers: the
// same rows and probes, the same run, one thread and then several, every kernel
// that the machine has, single probes and batches. It prints tables in Markdown
// with ratios to a plain read of the same bytes, because machines differ.
//
// It owns synthetic templates with the statistics of a face recogniser's, the
// comparison of these with the templates of real pictures, the
// stream reads that are the physical limit of an exhaustive search, the plain
// loops that any program could use instead, and the protocol by which peers take
// part in processes of their own. It also compares every answer of match with an
// exhaustive scan written here from the definition alone.
//
// It programs against match's public API, and it does not judge accuracy: idem
// eval does.
package main
