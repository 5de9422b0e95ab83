// Opens a session, hears of its end as a webhook receiver and reads the result. Node 18 or newer, no dependency.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const { IDEM_URL, IDEM_FLOW_KEY, IDEM_WEBHOOK_SECRET, PORT } = process.env

async function idem(path, options) {
  const answer = await fetch(IDEM_URL + '/api/v1/flows/session/' + path, { headers: { 'X-API-Key': IDEM_FLOW_KEY }, ...options })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

function verified(headers, body) { // body: the bytes as they came
  const { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - Number(stamp)) <= 300)) return false
  const mac = createHmac('sha256', Buffer.from(IDEM_WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64'))
  const want = Buffer.from('v1,' + mac.update(`${id}.${stamp}.`).update(body).digest('base64'))
  return signatures.split(' ').some((given) => given.length === want.length && timingSafeEqual(Buffer.from(given), want))
}

const receiver = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  const genuine = verified(request.headers, body)
  response.writeHead(genuine ? 204 : 401, { Connection: 'close' }).end() // first, quickly: an event may come twice
  if (genuine) receiver.emit('event', JSON.parse(body))
})
receiver.listen(Number(PORT), '127.0.0.1')
await once(receiver, 'listening')

const { session_id } = await idem('create/', { method: 'POST', body: JSON.stringify({ metadata: { custom_id: 'crm 7' } }) })
console.log(`send the person to ${IDEM_URL}/flow/${session_id}`)
let event
do [event] = await once(receiver, 'event')
while (event.event !== 'flow.end' || event.session_id !== session_id)
const result = await idem(`result/?session_id=${session_id}`)
console.log(`session ${session_id} ended as ${result.status}, passed: ${result.flow_session_result}`)
receiver.close()
