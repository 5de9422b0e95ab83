package vault

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
)

func TestParseMaster(t *testing.T) {
	raw := strings.Repeat("k", 32)
	for _, good := range []string{
		base64.StdEncoding.EncodeToString([]byte(raw)),
		base64.RawStdEncoding.EncodeToString([]byte(raw)),
		" " + base64.StdEncoding.EncodeToString([]byte(raw)) + "\n",
	} {
		m, err := ParseMaster(good)
		if err != nil || string(m.key[:]) != raw {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "secret", base64.StdEncoding.EncodeToString([]byte(raw[:31])), base64.StdEncoding.EncodeToString([]byte(raw + "x")), "****"} {
		_, err := ParseMaster(bad)
		wantError(t, err, ErrMasterInvalid)
		if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes %q", bad)
		}
	}
}

func TestSecretsPrintDots(t *testing.T) {
	m, err := ParseMaster(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{URL: "keys.db", Master: m}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "master", m, "key", *m.key, "options", o)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "master", m, "key", *m.key, "options", o)
	asJSON, err := json.Marshal(map[string]any{"m": m, "k": *m.key, "o": m})
	if err != nil {
		t.Fatal(err)
	}
	shown := logged.String() + string(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		shown += fmt.Sprintf(verb, m) + fmt.Sprintf(verb, &m) + fmt.Sprintf(verb, *m.key) + fmt.Sprintf(verb, m.key) + fmt.Sprintf(verb, o)
	}
	for _, leak := range []string{"kkk", "107 107", "0x6b", "6b6b", "6B6B", m.Reveal(), strings.TrimRight(m.Reveal(), "=")} {
		if strings.Contains(shown, leak) {
			t.Errorf("%q shows in %s", leak, shown)
		}
	}
	if !strings.Contains(fmt.Sprintf("%v", m), dots) {
		t.Error("no dots")
	}
}

func TestLoadMasterSources(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(data, "master.key")
	_, _, err := LoadMaster(Source{})
	wantError(t, err, ErrMasterMissing)
	_, _, err = LoadMaster(Source{Path: path})
	wantError(t, err, ErrMasterMissing)

	made, info, err := LoadMaster(Source{Path: path, Generate: true, DataDir: data})
	if err != nil || !info.Generated || !info.InsideData || !info.GeneratedInside() || info.Path != path {
		t.Fatalf("%+v, %v", info, err)
	}
	status, err := os.Stat(path)
	if err != nil || status.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", status.Mode(), err)
	}
	again, info, err := LoadMaster(Source{Path: path, Generate: true, DataDir: filepath.Join(data, "elsewhere")})
	if err != nil || *again.key != *made.key || info.Generated || info.InsideData {
		t.Fatalf("%+v, %v", info, err)
	}
	env := NewMaster()
	m, info, err := LoadMaster(Source{Env: env.Reveal(), Path: path})
	if err != nil || *m.key != *env.key || !info.FromEnv {
		t.Fatalf("%+v, %v", info, err)
	}
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) != 1 {
		t.Errorf("generating left %v, %v", entries, err)
	}
}

func TestMasterFileForOthersIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(path, []byte(NewMaster().Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := LoadMaster(Source{Path: path, Generate: true})
		wantError(t, err, ErrMasterExposed)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadMaster(Source{Path: path}); err != nil {
		t.Error(err)
	}
}

func TestConcurrentGenerationAgrees(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	var mu sync.Mutex
	keys, made := map[secret]bool{}, 0
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			m, info, err := LoadMaster(Source{Path: path, Generate: true})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			keys[*m.key] = true
			if info.Generated {
				made++
			}
		})
	}
	group.Wait()
	if len(keys) != 1 || made != 1 {
		t.Errorf("%d keys, %d made", len(keys), made)
	}
}

func TestRotateMaster(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		old, fresh := NewMaster(), NewMaster()
		v := open(t, Options{URL: address, Master: old})
		other := open(t, Options{URL: address, Master: old})
		sealed := seal(t, v, newKey(t, v, orgA), place(orgA), "text")
		mustOpen(t, other, place(orgA), sealed, "text")
		blind, err := v.Blind(t.Context(), orgA, "d", "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := v.RotateMaster(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, v, place(orgA), sealed, "text")
		_, err = Open(t.Context(), Options{URL: address, Master: old})
		wantError(t, err, ErrMasterWrong)
		again := open(t, Options{URL: address, Master: fresh})
		mustOpen(t, again, place(orgA), sealed, "text")
		if now, err := again.Blind(t.Context(), orgA, "d", "x"); err != nil || string(now) != string(blind) {
			t.Errorf("the blind index changed: %v", err)
		}
		// A process that still has the old master goes on with what it knows,
		// and makes nothing that the new one could not open.
		mustOpen(t, other, place(orgA), seal(t, other, newKey(t, other, orgA), place(orgA), "later"), "later")
		wantError(t, other.CreateOrg(t.Context(), "org-new"), ErrMasterWrong)
		wantError(t, other.RotateMaster(t.Context(), NewMaster()), ErrMasterWrong)
		wantError(t, other.RotateOrg(t.Context(), orgA), ErrMasterWrong)
		if err := again.CreateOrg(t.Context(), "org-new"); err != nil {
			t.Error(err)
		}
	})
}

var errCrash = errors.New("crash")

func crashAt(v *Vault, name string, after int) {
	v.step = func(step string) error {
		if step == name {
			if after == 0 {
				return errCrash
			}
			after--
		}
		return nil
	}
}

func TestRotateMasterInterruptedKeepsTheOldKey(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		old := NewMaster()
		v := open(t, Options{URL: address, Master: old})
		sealed := seal(t, v, newKey(t, v, orgA), place(orgA), "text")
		crashAt(v, "master", 0)
		wantError(t, v.RotateMaster(t.Context(), NewMaster()), errCrash)
		mustOpen(t, open(t, Options{URL: address, Master: old}), place(orgA), sealed, "text")
	})
}

// The crash is between the key store and the file: the key store stands under
// the new key, the file holds the old one and the new one lies beside it.
func TestRotateMasterFileInterruptedIsFinishedByTheNextOpen(t *testing.T) {
	for _, step := range []string{"", "master", "master file"} {
		t.Run("crash at "+step, func(t *testing.T) {
			folder := t.TempDir()
			address, path := filepath.Join(folder, "keys.db"), filepath.Join(folder, "master.key")
			load := func() Master {
				m, _, err := LoadMaster(Source{Path: path, Generate: true})
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
			first := load()
			v := open(t, Options{URL: address, Master: first})
			sealed := seal(t, v, newKey(t, v, orgA), place(orgA), "text")
			crashAt(v, step, 0)
			if err := v.RotateMasterFile(t.Context(), path); step != "" {
				wantError(t, err, errCrash)
			} else if err != nil {
				t.Fatal(err)
			}
			if err := v.Close(); err != nil {
				t.Fatal(err)
			}
			v = open(t, Options{URL: address, Master: load()})
			mustOpen(t, v, place(orgA), sealed, "text")
			if err := v.RotateMasterFile(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			last := load()
			mustOpen(t, open(t, Options{URL: address, Master: last}), place(orgA), sealed, "text")
			if last.next != nil || *last.key == *first.key {
				t.Error("the rotation is not finished")
			}
			_, err := Open(t.Context(), Options{URL: address, Master: Master{key: first.key}})
			wantError(t, err, ErrMasterWrong)
		})
	}
}

// A second rotation from a process with the old key must not overwrite the only
// copy of the key that the key store is sealed with.
func TestStaleRotationDoesNotLoseTheMaster(t *testing.T) {
	folder := t.TempDir()
	address, path := filepath.Join(folder, "keys.db"), filepath.Join(folder, "master.key")
	m, _, err := LoadMaster(Source{Path: path, Generate: true})
	if err != nil {
		t.Fatal(err)
	}
	a, b := open(t, Options{URL: address, Master: m}), open(t, Options{URL: address, Master: m})
	sealed := seal(t, a, newKey(t, a, orgA), place(orgA), "text")
	crashAt(a, "master file", 0)
	wantError(t, a.RotateMasterFile(t.Context(), path), errCrash)
	wantError(t, b.RotateMasterFile(t.Context(), path), ErrMasterWrong)
	m, _, err = LoadMaster(Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	mustOpen(t, open(t, Options{URL: address, Master: m}), place(orgA), sealed, "text")
}

func TestRotateOrg(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		v, other := open(t, Options{URL: address, Master: master}), open(t, Options{URL: address, Master: master})
		keys := map[idem.DataKeyID][]byte{}
		for range 40 {
			key := newKey(t, v, orgA)
			keys[key] = seal(t, v, key, place(orgA), string(key))
		}
		gone := newKey(t, v, orgA)
		lost := seal(t, v, gone, place(orgA), "gone")
		if err := v.DestroyKey(t.Context(), orgA, gone); err != nil {
			t.Fatal(err)
		}
		early := newKey(t, other, orgA) // fills the other process's memory
		old, err := v.orgKeysOf(t.Context(), orgA)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.RotateOrg(t.Context(), orgA); err != nil {
			t.Fatal(err)
		}
		// The other process uses up its block and must notice on the next one.
		for range 2 * firstBlock {
			key := newKey(t, other, orgA)
			keys[key] = seal(t, other, key, place(orgA), string(key))
		}
		keys[early] = seal(t, other, early, place(orgA), string(early))
		again := open(t, Options{URL: address, Master: master})
		for _, reader := range []*Vault{v, other, again} {
			for key, sealed := range keys {
				mustOpen(t, reader, place(orgA), sealed, string(key))
			}
			_, err := reader.Open(t.Context(), place(orgA), lost)
			wantError(t, err, idem.ErrErased)
		}
		now, err := again.orgKeysOf(t.Context(), orgA)
		if err != nil {
			t.Fatal(err)
		}
		if len(now.seal) != 1 || now.generation != 2 || now.seal[2] == old.seal[1] || now.blind != old.blind {
			t.Errorf("generation %d with %d sealing keys", now.generation, len(now.seal))
		}
	})
}

func TestRotateOrgInterruptedStaysReadableAndIsFinished(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		v := open(t, Options{URL: address, Master: master})
		keys := map[idem.DataKeyID][]byte{}
		for range 3 * rotateBatch / 2 {
			key := newKey(t, v, orgA)
			keys[key] = seal(t, v, key, place(orgA), "x")
		}
		for _, after := range []int{0, 1} {
			crashAt(v, "batch", after)
			wantError(t, v.RotateOrg(t.Context(), orgA), errCrash)
			reader := open(t, Options{URL: address, Master: master})
			for _, sealed := range keys {
				mustOpen(t, reader, place(orgA), sealed, "x")
			}
			key := newKey(t, reader, orgA)
			keys[key] = seal(t, reader, key, place(orgA), "x")
		}
		crashAt(v, "never", 0)
		if err := v.RotateOrg(t.Context(), orgA); err != nil {
			t.Fatal(err)
		}
		reader := open(t, Options{URL: address, Master: master})
		for _, sealed := range keys {
			mustOpen(t, reader, place(orgA), sealed, "x")
		}
		now, err := reader.orgKeysOf(t.Context(), orgA)
		if err != nil || len(now.seal) != 1 {
			t.Errorf("%d sealing keys are left, %v", len(now.seal), err)
		}
	})
}

// Rotation, destruction and new keys at once: nothing is lost, nothing comes
// back.
func TestRotateOrgAgainstEverythingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		v, other := open(t, Options{URL: address, Master: master}), open(t, Options{URL: address, Master: master})
		var mu sync.Mutex
		kept, gone := map[idem.DataKeyID][]byte{}, map[idem.DataKeyID][]byte{}
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				for i := range 150 {
					key, err := other.NewKey(t.Context(), orgA)
					if err != nil {
						t.Error(err)
						return
					}
					sealed, err := other.Seal(t.Context(), key, place(orgA), []byte("x"))
					if err != nil {
						t.Error(err)
						return
					}
					target := kept
					if i%3 == 0 {
						target = gone
						if err := v.DestroyKey(t.Context(), orgA, key); err != nil {
							t.Error(err)
						}
					}
					mu.Lock()
					target[key] = sealed
					mu.Unlock()
				}
			})
		}
		for range 2 {
			group.Go(func() {
				for range 5 {
					if err := v.RotateOrg(t.Context(), orgA); err != nil && !errors.Is(err, ErrSuperseded) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if err := v.RotateOrg(t.Context(), orgA); err != nil {
			t.Fatal(err)
		}
		reader := open(t, Options{URL: address, Master: master})
		for _, sealed := range kept {
			mustOpen(t, reader, place(orgA), sealed, "x")
		}
		for _, sealed := range gone {
			_, err := reader.Open(t.Context(), place(orgA), sealed)
			wantError(t, err, idem.ErrErased)
		}
	})
}

// The running process reads the new master key from the file when it meets an
// organisation that it did not use before.
func TestRotationOfTheFileReachesRunningProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		path := filepath.Join(t.TempDir(), "master.key")
		m, _, err := LoadMaster(Source{Path: path, Generate: true})
		if err != nil {
			t.Fatal(err)
		}
		server, command := open(t, Options{URL: address, Master: m}), open(t, Options{URL: address, Master: m})
		sealed := seal(t, command, newKey(t, command, orgB), place(orgB), "text")
		if err := command.RotateMasterFile(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, server, place(orgB), sealed, "text")
		if err := server.CreateOrg(t.Context(), "org-new"); err != nil {
			t.Error(err)
		}
		if err := command.RotateMasterFile(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := server.CreateOrg(t.Context(), "org-newer"); err != nil {
			t.Error(err)
		}
	})
}
