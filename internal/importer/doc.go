// Package importer enrols many people from a folder of photos or a CSV list.
//
// It owns reading the source, the order of work, the report and the rule that
// makes a run repeatable: an item whose aliases already belong to one person is
// present and left alone, so an interrupted run is simply started again. What
// an enrolment means is the registry's business.
package importer
