-- Keys of before checks and flows, with all that a key of their kind was given
-- then, get what one is given now. Keys that were made narrower stay as they are.
UPDATE credentials SET permissions = '["persons.read","persons.write","pictures.read","actions.read","checks.run"]'
WHERE kind = 'persons' AND permissions = '["persons.read","persons.write","pictures.read","actions.read"]';

UPDATE credentials SET permissions = '["persons.read","persons.write","persons.erase","pictures.read","actions.read","faces.identify","faces.verify","checks.run","settings.read","settings.write","keys.manage","reviews.work","flows.read","flows.manage","sessions.read","sessions.open"]'
WHERE kind = 'secret' AND permissions IN (
    '["persons.read","persons.write","persons.erase","pictures.read","actions.read","faces.identify","faces.verify","settings.read","settings.write","keys.manage","reviews.work"]',
    '["persons.read","persons.write","persons.erase","pictures.read","actions.read","faces.identify","faces.verify","checks.run","settings.read","settings.write","keys.manage","reviews.work"]');
