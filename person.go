package idem

import "time"

// Person is an individual known to one organisation. Its identifier is also
// the value of its SYSTEM_ID alias.
type Person struct {
	ID            PersonID
	Verified      bool
	CreatedAt     time.Time
	CreatedSource Source
	UpdatedAt     time.Time
	DeletedAt     time.Time // zero while the person is live
	ErasedAt      time.Time // zero unless the personal data was destroyed
	Version       int64     // counts changes, starts at 1
	DataKey       DataKeyID // seals everything personal of this person
}

// The refusals of a person's state.
var (
	ErrPersonNotFound   = Errorf(NotFound, "PERSON_NOT_FOUND", "no such person")
	ErrPersonDeleted    = Errorf(Conflict, "PERSON_DELETED", "the person is deleted")
	ErrPersonNotDeleted = Errorf(Conflict, "PERSON_NOT_DELETED", "the person is not deleted")
	ErrPersonErased     = Errorf(Conflict, "PERSON_ERASED", "the person's data was erased for good")
	ErrVersionMismatch  = Errorf(Precondition, "VERSION_MISMATCH", "the person was changed meanwhile")
)

// Live reports whether the person is neither deleted nor erased.
func (p *Person) Live() bool { return p.DeletedAt.IsZero() && p.ErasedAt.IsZero() }

// Writable returns the refusal that any change but a restore meets.
func (p *Person) Writable() error {
	switch {
	case !p.ErasedAt.IsZero():
		return ErrPersonErased
	case !p.DeletedAt.IsZero():
		return ErrPersonDeleted
	}
	return nil
}

// SetVerified changes the flag and reports whether that was a change.
func (p *Person) SetVerified(verified bool, now time.Time) (bool, error) {
	if err := p.Writable(); err != nil {
		return false, err
	}
	if p.Verified == verified {
		return false, nil
	}
	p.Verified = verified
	p.touch(now)
	return true, nil
}

// Touch records that something belonging to the person changed.
func (p *Person) Touch(now time.Time) error {
	if err := p.Writable(); err != nil {
		return err
	}
	p.touch(now)
	return nil
}

// Delete marks the person deleted; a second time it is refused.
func (p *Person) Delete(now time.Time) error {
	if err := p.Writable(); err != nil {
		return err
	}
	p.DeletedAt = now
	p.touch(now)
	return nil
}

// Restore makes a deleted person live again.
func (p *Person) Restore(now time.Time) error {
	switch {
	case !p.ErasedAt.IsZero():
		return ErrPersonErased
	case p.DeletedAt.IsZero():
		return ErrPersonNotDeleted
	}
	p.DeletedAt = time.Time{}
	p.touch(now)
	return nil
}

// Erase marks the person's data as destroyed for good. A live person is
// deleted by it; a second time it is refused.
func (p *Person) Erase(now time.Time) error {
	if !p.ErasedAt.IsZero() {
		return ErrPersonErased
	}
	if p.DeletedAt.IsZero() {
		p.DeletedAt = now
	}
	p.ErasedAt = now
	p.touch(now)
	return nil
}

func (p *Person) touch(now time.Time) {
	p.UpdatedAt = now
	p.Version++
}
