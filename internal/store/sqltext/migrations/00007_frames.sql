-- The origins that may show a flow's pages in a frame, separated by spaces.
ALTER TABLE flows ADD COLUMN frame_ancestors {{text}} NOT NULL DEFAULT '';
