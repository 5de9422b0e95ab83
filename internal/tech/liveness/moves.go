package liveness

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
)

// Move is one thing that the person is asked to do.
type Move string

// The moves. After a turn the head comes back; closer and away are by half
// against the distance before.
const (
	TurnLeft  Move = "LEFT"
	TurnRight Move = "RIGHT"
	LookUp    Move = "UP"
	LookDown  Move = "DOWN"
	Closer    Move = "CLOSER"
	Away      Move = "AWAY"
)

// Asked is what the client is told: the moves in their order, and how long the
// answer is waited for.
type Asked struct {
	Moves   []Move `json:"moves"`
	Seconds int    `json:"seconds"`
}

// memo is what the server remembers of a challenge.
type memo struct {
	Moves []Move    `json:"moves"`
	At    time.Time `json:"at"`
}

const validity = 2 * time.Minute

var turns = []Move{TurnLeft, TurnRight, LookUp, LookDown}

// draw returns the moves of a technology.
func draw(code idem.TechCode) ([]Move, error) {
	switch code {
	case idem.TechLivenessHead:
		return drawTurns(4)
	case idem.TechLivenessDistance:
		return drawDistances()
	case idem.TechLivenessPro:
		moves, err := drawTurns(2)
		if err != nil {
			return nil, err
		}
		at, err := below(len(moves) + 1)
		return append(moves[:at:at], append([]Move{Closer, Away}, moves[at:]...)...), err
	}
	return nil, fmt.Errorf("%s asks for nothing", code)
}

// drawTurns draws turns of which no two that follow each other are the same:
// 4 x 3^(n-1) possible orders.
func drawTurns(n int) ([]Move, error) {
	moves := make([]Move, 0, n)
	for len(moves) < n {
		i, err := below(len(turns))
		if err != nil {
			return nil, err
		}
		if len(moves) == 0 || moves[len(moves)-1] != turns[i] {
			moves = append(moves, turns[i])
		}
	}
	return moves, nil
}

// drawDistances draws two or three moves that take turns: four possible
// orders, so that a recording of one does not answer all.
func drawDistances() ([]Move, error) {
	i, err := below(4)
	if err != nil {
		return nil, err
	}
	moves := []Move{Closer, Away, Closer, Away}
	return moves[i%2 : i%2+2+i/2], nil
}

func below(n int) (int, error) {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("draw: %w", err)
	}
	return int(i.Int64()), nil
}

func challenge(code idem.TechCode, now time.Time) (tech.Challenge, error) {
	moves, err := draw(code)
	if err != nil {
		return tech.Challenge{}, err
	}
	kept, err := json.Marshal(memo{moves, now})
	return tech.Challenge{Shown: Asked{moves, int(validity / time.Second)}, Memo: kept, Valid: validity}, err
}

// ErrChallengeRequired is the refusal of evidence that answers nothing.
var ErrChallengeRequired = idem.Errorf(idem.Unprocessable, "CHALLENGE_REQUIRED", "ask for a challenge first and answer that")

func readMemo(kept []byte) (memo, error) {
	var m memo
	if len(kept) == 0 {
		return m, ErrChallengeRequired
	}
	if err := json.Unmarshal(kept, &m); err != nil {
		return m, fmt.Errorf("read challenge: %w", err)
	}
	return m, nil
}
