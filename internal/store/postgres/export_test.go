package postgres

import "context"

// Show returns a setting of the store's connections.
func (s *Store) Show(ctx context.Context, setting string) (value string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT current_setting($1)", setting).Scan(&value)
	return value, err
}
