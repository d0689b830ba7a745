using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Kilonova.Faults;

/// <summary>Takes a request, lets the plan decide, and passes it on or does not.</summary>
internal sealed class Exchange(Upstream upstream, FaultPlan plan, string token) : IDisposable
{
    private readonly AnswerHistory _history = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly byte[] _authorization = Encoding.ASCII.GetBytes("Bearer " + token);
    private long _requests;

    public FaultPlan Plan => plan;

    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Ends what hangs.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    public async Task RunAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, context.RequestAborted);
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), _authorization))
                await RefuseAsync(context, 401, "Unauthorized", null, "the fault proxy does not know this token");
            else
                await RunAsync(context, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // What breaks behind the proxy breaks before it.
            Abort(context);
        }
    }

    private async Task RunAsync(HttpContext context, CancellationToken cancel)
    {
        var request = context.Request;
        var call = ApiCall.Of(request.Method, request.Path, request.Query["watch"] is ["true" or "1"]);
        FaultRule? fault = null;
        foreach (var rule in plan.Draw(call))
        {
            if (rule.Fault == FaultKind.Latency)
            {
                plan.Happened(rule);
                await Task.Delay(rule.Delay * (1 + plan.Next()), cancel);
            }
            else
            {
                fault = rule;
            }
        }

        if (fault is { AfterProcessing: false, IsInAnswer: false } && await BeforeAsync(context, fault, cancel))
            return;
        using var response = await upstream.SendAsync(request, cancel);
        if (fault is { AfterProcessing: true, IsInAnswer: false })
        {
            await response.Content.CopyToAsync(Stream.Null, cancel);
            await BeforeAsync(context, fault, cancel);
            return;
        }

        await AnswerAsync(context, call, response, fault is { IsInAnswer: true } ? fault : null, cancel);
    }

    /// <summary>A fault in place of the answer; false when there is to be an answer all the same.</summary>
    private async Task<bool> BeforeAsync(HttpContext context, FaultRule fault, CancellationToken cancel)
    {
        var stale = fault.Fault == FaultKind.Stale ? _history.Oldest(Read(context.Request)) : null;
        if (fault.Fault == FaultKind.Stale && stale is null)
            return false;
        plan.Happened(fault);
        switch (fault.Fault)
        {
            case FaultKind.Error:
                await RefuseAsync(context, fault.Code ?? 503, fault.Reason ?? Reason(fault.Code ?? 503), fault.RetryAfter, "fault on demand");
                return true;
            case FaultKind.Reset:
                Abort(context);
                return true;
            case FaultKind.Abort:
                context.Abort();
                return true;
            case FaultKind.Silence:
                await Task.Delay(Timeout.Infinite, cancel);
                return true;
            case FaultKind.Stale:
                foreach (var (name, value) in stale!.Headers)
                    context.Response.Headers[name] = value;
                await context.Response.Body.WriteAsync(stale.Body, cancel);
                return true;
            case FaultKind.GoAway:
                context.Connection.RequestClose();
                return false;
            default:
                throw new InvalidOperationException($"{fault.Fault} does not go in place of an answer");
        }
    }

    private async Task AnswerAsync(HttpContext context, ApiCall call, HttpResponseMessage response, FaultRule? fault, CancellationToken cancel)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (Upstream.IsForwarded(name))
                headers.Add(new(name, values.ToString()));
        }

        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        if (fault is null)
            context.Response.ContentLength = response.Content.Headers.ContentLength;

        var remembered = call.Verb is "get" or "list" && response.StatusCode == HttpStatusCode.OK ? new MemoryStream() : null;
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        await context.Response.StartAsync(cancel);
        if (call.Verb == "watch")
            await context.Response.Body.FlushAsync(cancel);
        var copy = new AnswerCopy(plan, fault, isWatch: call.Verb == "watch", remembered);
        switch (await copy.RunAsync(body, context.Response.Body, cancel))
        {
            case AnswerEnd.Complete when remembered is { Length: <= AnswerHistory.MaxBody }:
                _history.Note(Read(context.Request), new Answer(headers, remembered.ToArray()));
                break;
            case AnswerEnd.Abort:
                context.Abort();
                break;
            case AnswerEnd.Reset:
                Abort(context);
                break;
            case AnswerEnd.Silence:
                await Task.Delay(Timeout.Infinite, cancel);
                break;
            default:
                break;
        }
    }

    private static async Task RefuseAsync(HttpContext context, int code, string reason, int? retryAfter, string message)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        if (retryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(StatusJson(code, reason, message));
    }

    internal static string StatusJson(int code, string reason, string message) =>
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{code}}}""";

    internal static string Reason(int code) => code switch
    {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "Unknown",
    };

    private static void Abort(HttpContext context) =>
        context.Features.Get<ClientConnection>()!.Context.Abort(new ConnectionAbortedException("fault on demand"));

    /// <summary>What must be equal for an answer to be one to the same question.</summary>
    private static string Read(HttpRequest request) => $"{request.Path}{request.QueryString} {request.Headers.Accept} {request.Headers.AcceptEncoding}";
}
