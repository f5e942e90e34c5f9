// Decides the cases on standard input with iam-simulate's core, and prints the rate of the quickest round and all answers.
// The core is not exported: its modules are loaded by path, so that neither reading policies nor checking input counts.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const modules = join(dirname(fileURLToPath(import.meta.url)), 'node_modules', '@cloud-copilot')
const load = (...path) => import(pathToFileURL(join(modules, ...path)).href)
const core = (...path) => load('iam-simulate', 'dist', 'esm', ...path)

const { authorize } = await core('core_engine', 'CoreSimulatorEngine.js')
const { DiscoveryContextKeyConstraints } = await core('context_keys', 'discoveryContextKeyConstraints.js')
const { AwsRequestImpl } = await core('request', 'request.js')
const { RequestContextImpl } = await core('requestContext.js')
const { loadPolicy } = await load('iam-policy', 'dist', 'esm', 'index.js')

const cases = JSON.parse(readFileSync(0, 'utf8'))
const everything = loadPolicy(
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  { name: 'identity' }
)
const policies = cases.policies.map((policy, index) => loadPolicy(policy, { name: `endpoint ${index}` }))
const requests = cases.requests.map(
  (one) =>
    new AwsRequestImpl(
      one.principal,
      { resource: one.resource, accountId: one.account },
      one.action,
      new RequestContextImpl(one.context)
    )
)
const simulationParameters = {
  simulationMode: 'Strict',
  discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([])
}
const words = { Allowed: 'allowed', ExplicitlyDenied: 'explicit_deny', ImplicitlyDenied: 'implicit_deny' }

const round = () =>
  policies.flatMap((policy) =>
    requests.map(
      (request) =>
        authorize({
          request,
          sessionPolicy: undefined,
          identityPolicies: [everything],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
          resourcePolicy: undefined,
          permissionBoundaries: undefined,
          vpcEndpointPolicies: [policy],
          simulationParameters,
          serviceSettings: {}
        }).result
    )
  )

let answers = round()
let rate = 0
const until = performance.now() + cases.seconds * 1000
while (performance.now() < until) {
  const started = performance.now()
  answers = round()
  rate = Math.max(rate, answers.length / ((performance.now() - started) / 1000))
}
console.log(JSON.stringify({ rate, answers: answers.map((one) => words[one] ?? one) }))
