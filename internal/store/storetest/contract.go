package storetest

import (
	"errors"
	"maps"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// fixture is what every test of the contract begins with: a store on a fresh
// database and an organisation.
type fixture struct {
	store.Store
	open Database
	keys *Keys
	org  idem.OrgID
}

// another opens one more store over the same database.
func (f fixture) another(t *testing.T) store.Store {
	return f.open(t, configure([]Option{WithSealer(f.keys)}))
}

// Run is the contract: every promise of package store's comments as tests.
// fresh makes an empty database for each of them.
func Run(t *testing.T, fresh func(testing.TB) Database) {
	all := contract()
	maps.Copy(all, instanceContract())
	maps.Copy(all, flowContract())
	maps.Copy(all, jobContract())
	maps.Copy(all, webhookContract())
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			f := fixture{open: fresh(t), keys: Sealer()}
			f.Store = f.another(t)
			f.org = NewOrganisation(t, f.Store)
			test(t, f)
		})
	}
}

// jobContract is the part about what is done later.
func jobContract() map[string]func(*testing.T, fixture) {
	return map[string]func(*testing.T, fixture){
		"Jobs":                    testJobs,
		"JobsAreOfTheTransaction": testJobTransaction,
		"JobLeases":               testJobLease,
		"JobGroups":               testJobGroups,
		"JobsByHand":              testJobsByHand,
		"JobsWithoutTheirKey":     testJobKeys,
		"JobPages":                testJobPages,
		"JobInsertRace":           testJobInsertRace,
		"JobClaimRace":            testJobClaimRace,
	}
}

func contract() map[string]func(*testing.T, fixture) {
	return map[string]func(*testing.T, fixture){
		"UpdateKeepsNothingAfterAnError":       testRollback,
		"UpdatePassesPanicsOn":                 testPanic,
		"UpdateSurvivesGoexit":                 testGoexit,
		"UpdateLeavesWhenCancelled":            testCancelled,
		"ViewIsOneMoment":                      testSnapshot,
		"ViewCannotWrite":                      testReadOnly,
		"TimeStandsStill":                      testNow,
		"TransactionEnds":                      testEnded,
		"RefusalLeavesTheTransactionUsable":    testUsableAfterConflict,
		"CloseMakesUnavailable":                testClosed,
		"Organisations":                        testOrganisations,
		"OrganisationVersions":                 testOrganisationVersions,
		"Persons":                              testPersons,
		"PersonQueries":                        testPersonQueries,
		"PersonPages":                          testPersonPages,
		"PersonPageRefusals":                   testPageRefusals,
		"PersonLockSerialises":                 testPersonLock,
		"Aliases":                              testAliases,
		"AliasRefusals":                        testAliasRefusals,
		"AliasesAreByteExact":                  testByteExact,
		"AliasesOfDeletedPersons":              testSetLive,
		"AliasesOfErasedPersons":               testErasedAliases,
		"AliasOwners":                          testOwners,
		"AliasModel":                           testAliasModel,
		"AliasRace":                            testAliasRace,
		"AliasRaceOfTwoProcesses":              testAliasRaceTwice,
		"AliasUpdateRace":                      testAliasUpdateRace,
		"AliasRestoreRace":                     testAliasRestoreRace,
		"AliasCrossingDoesNotDeadlock":         testAliasCrossing,
		"Photos":                               testPhotos,
		"PhotoDefaultIsOne":                    testPhotoDefault,
		"PhotoDefaultRace":                     testPhotoDefaultRace,
		"Actions":                              testActions,
		"ActionQueries":                        testActionQueries,
		"ActionsFromManyChain":                 testActionRace,
		"Subscriptions":                        testSubscriptions,
		"SubscriptionRace":                     testSubscriptionRace,
		"GalleryLog":                           testGalleryLog,
		"GalleryTemplates":                     testGalleryTemplates,
		"GalleryPending":                       testGalleryPending,
		"GalleryTakeRace":                      testTakeRace,
		"GalleryBecomesVisibleInOrder":         testGalleryOrder,
		"Credentials":                          testCredentials,
		"Operators":                            testOperators,
		"Idempotency":                          testIdempotency,
		"IdempotencyRace":                      testIdempotencyRace,
		"Checks":                               testChecks,
		"CheckRace":                            testCheckRace,
		"TextIsByteExact":                      testTextExact,
		"TextRefusals":                         testTextRefusals,
		"OrganisationsSeeNothingOfEachOther":   testIsolation,
		"OrganisationsMayHoldTheSame":          testSameInBoth,
		"ReferencesCannotLeaveTheOrganisation": testForeignKeys,
	}
}

// instanceContract is the part about codes and the instance's own audit.
func instanceContract() map[string]func(*testing.T, fixture) {
	return map[string]func(*testing.T, fixture){
		"Codes":                        testCodes,
		"CodeRace":                     testCodeRace,
		"InstanceActions":              testInstance,
		"InstanceActionsFromManyChain": testInstanceRace,
	}
}

// flowContract is the part of flows and their sessions.
func flowContract() map[string]func(*testing.T, fixture) {
	return map[string]func(*testing.T, fixture){
		"Flows":                 testFlows,
		"Sessions":              testSessions,
		"SessionLists":          testSessionLists,
		"SessionErasure":        testSessionErasure,
		"SessionLinks":          testSessionLinks,
		"SessionsOfTheInstance": testSessionSystem,
		"Collections":           testCollections,
	}
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
}

// parallel runs f n times at once and returns the errors.
func parallel(n int, f func(i int) error) []error {
	out := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			out[i] = f(i)
		}()
	}
	for range n {
		<-done
	}
	return out
}
