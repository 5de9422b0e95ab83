package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/flow/flowtest/visitor"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// flowSessions measures sessions end to end: a document, one picture of the
// camera, both faces compared, a person made of it and eight events told.
func flowSessions(ctx context.Context, b *bench) ([]row, error) {
	b = b.with("IDEM_WEBHOOK_ALLOW=127.0.0.1").with("IDEM_SPECIMENS=true")
	c, err := b.newCast(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var rows []row
	for _, p := range []play{photoPlay, chipPlay} {
		more, err := c.costs(ctx, b, p)
		if rows = append(rows, more...); err != nil {
			return rows, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if os.Getenv("IDEM_TEST_POSTGRES") != "" {
		more, err := c.onPostgres(ctx, b)
		if rows = append(rows, more...); err != nil {
			return rows, fmt.Errorf("PostgreSQL: %w", err)
		}
	}
	more, err := c.killed(ctx, b)
	return append(rows, more...), err
}

// costs are the figures on SQLite.
func (c *cast) costs(ctx context.Context, b *bench, p play) ([]row, error) {
	alone, err := c.alone(ctx, p)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, collect := range []bool{false, true} {
		what := map[bool]string{false: "alone", true: "with the person"}[collect]
		l, err := c.measure(ctx, b, fmt.Sprintf("sqlite-%s-%t", p.flow[0], collect), p, collect)
		if err != nil {
			return rows, err
		}
		again, err := c.alone(ctx, p)
		if err != nil {
			return rows, err
		}
		bare := (alone + again) / 2
		alone = again
		rows = append(rows, row{fmt.Sprintf("sessions %s, SQLite, %d clients, %s", p.name, flowClients, what), fmt.Sprintf("%.1f/s", l.perSecond), ""},
			row{fmt.Sprintf("server CPU of a session %s, %s", p.name, what), figureOf(l.cpu, bare, "technologies"), "≤ 1.2x"})
		if collect {
			rows = append(rows, l.lagRow(p.name+", SQLite"))
		}
	}
	return rows, nil
}

// onPostgres are those that differ there.
func (c *cast) onPostgres(ctx context.Context, b *bench) ([]row, error) {
	database, err := freshPostgres(ctx)
	if err != nil {
		return nil, err
	}
	l, err := c.measure(ctx, b.with("IDEM_DATABASE="+database), "postgres", chipPlay, true)
	if err != nil {
		return nil, err
	}
	return []row{{fmt.Sprintf("sessions %s, PostgreSQL, %d clients, with the person", chipPlay.name, flowClients), fmt.Sprintf("%.1f/s, server CPU %.1f ms", l.perSecond, float64(l.cpu)/1e6), ""},
		l.lagRow(chipPlay.name + ", PostgreSQL")}, nil
}

// stage is a server with a flow, and where it tells of it.
type stage struct {
	*server
	b     *bench
	data  string
	api   *client.Client
	flow  client.Flow
	inbox *visitor.Inbox
	close func()
}

// newStage starts a server that believes the chips of an issuer.
func (b *bench) newStage(ctx context.Context, name string, issuer *edoctest.Issuer, p play, collect bool) (*stage, error) {
	st := &stage{b: b, data: filepath.Join(b.work, "flow-"+name), inbox: &visitor.Inbox{}}
	root := filepath.Join(b.work, "root.cer")
	if err := os.WriteFile(root, issuer.Root, 0o600); err != nil {
		return nil, err
	}
	if _, err := b.idem(ctx, st.data, "trust", "import", root); err != nil {
		return nil, fmt.Errorf("import the root: %w", err)
	}
	if err := st.start(ctx, ""); err != nil {
		return nil, err
	}
	receiver := httptest.NewServer(st.inbox)
	st.close = func() {
		st.stop()
		receiver.Close()
	}
	return st, st.define(ctx, receiver.URL, p, collect)
}

// start starts the server, also one that was killed.
func (st *stage) start(ctx context.Context, secret string) (err error) {
	if st.server, err = st.b.serve(ctx, st.data, secret); err != nil {
		return err
	}
	st.api, err = client.New(st.url, st.secret)
	return err
}

func (st *stage) define(ctx context.Context, receiver string, p play, collect bool) (err error) {
	st.flow, err = st.api.CreateFlow(ctx, client.NewFlow{Name: "Bench", Config: &client.PersonConfigChange{Collect: &collect}, Technologies: p.flow})
	if err != nil {
		return err
	}
	hook, err := st.api.CreateWebhook(ctx, st.flow.ID, receiver)
	st.inbox.Trust(hook.Secret)
	return err
}
