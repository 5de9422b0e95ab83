package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
)

// Postgres backs a database up by pg_dump, in its custom format and one
// snapshot.
type Postgres struct{ address string }

// NewPostgres takes an address postgres://….
func NewPostgres(address string) Postgres { return Postgres{address} }

var _ DatabaseBackup = Postgres{}

// BackupTo writes the dump. Errors: ErrNoTool.
func (p Postgres) BackupTo(ctx context.Context, file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return run(ctx, p.address, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--file="+file)
}

// RestorePostgres loads a dump that Restore unpacked into an empty database, in
// one transaction. Errors: ErrNoTool.
func RestorePostgres(ctx context.Context, dump, address string) error {
	return run(ctx, address, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", dump)
}

// run starts a tool of PostgreSQL. The password goes through the environment:
// arguments are seen by every user of the machine.
func run(ctx context.Context, address, tool string, args ...string) error {
	program, err := exec.LookPath(tool)
	if err != nil {
		return ErrNoTool.Because(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the postgres:// address is malformed") // the cause would quote the password
	}
	environment := os.Environ()
	if password := takePassword(u); password != "" {
		environment = append(environment, "PGPASSWORD="+password)
	}
	command := exec.CommandContext(ctx, program, append([]string{"--dbname=" + u.String()}, args...)...)
	command.Env = environment
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// takePassword removes the password from both places where an address may have
// it.
func takePassword(u *url.URL) string {
	password, _ := u.User.Password()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	if p := query.Get("password"); p != "" {
		password = p
		query.Del("password")
		u.RawQuery = query.Encode()
	}
	return password
}
