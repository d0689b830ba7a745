using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kilonova.Kubernetes.Config;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.Client;

/// <summary>Sends requests: authentication, time-outs, retries, errors, metrics.</summary>
internal sealed class RequestSender : IDisposable
{
    private const int MaxErrorBytes = 64 * 1024;
    private const int MaxRememberedWarnings = 256;

    private readonly Transport _transport;
    private readonly KubernetesClientOptions _options;
    private readonly CredentialSource _credentials;
    private readonly Uri _server;
    private readonly string? _serverName;
    private readonly SemaphoreSlim _inFlight;
    private readonly RequestRate? _rate;
    private readonly string _userAgent;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, bool> _warnings = new();

    public RequestSender(KubernetesConfig config, KubernetesClientOptions options)
    {
        config.Validate();
        _options = options;
        Features = new ServerFeatures(options.Time);
        _transport = new Transport(config, options);
        _credentials = new CredentialSource(config, options);
        _server = config.Server;
        _serverName = config.TlsServerName;
        _inFlight = new SemaphoreSlim(options.MaxInFlight);
        _rate = options.QueriesPerSecond is { } qps ? new RequestRate(qps, options.Time) : null;
        _userAgent = $"{options.Component}/{options.ComponentVersion} ({(OperatingSystem.IsLinux() ? "linux" : RuntimeInformation.RuntimeIdentifier)}/{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}){Commit()}";
        _logger = options.LoggerFactory.CreateLogger("Kilonova.Kubernetes.Client");
    }

    /// <summary>What the server was found not to do.</summary>
    public ServerFeatures Features { get; }

    public void Dispose()
    {
        _transport.Dispose();
        _credentials.Dispose();
        _inFlight.Dispose();
    }

    /// <summary>Sends a request and reads its answer; the whole of both is one attempt.</summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    /// <exception cref="KubernetesConnectionException">No answer, or not in time.</exception>
    public async Task<TResult> SendAsync<TResult>(ApiRequest request, Func<Stream, CancellationToken, ValueTask<TResult>> read, CancellationToken cancel)
    {
        var started = _options.Time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan? wait;
            try
            {
                return await AttemptAsync(request, read, cancel).ConfigureAwait(false);
            }
            catch (KubernetesException e) when ((wait = InTime(WaitAfter(request, e, attempt), attempt, started)) is not null)
            {
                Retrying(request, e.Message, e.Reason.Length > 0 ? e.Reason : ((int)e.Code).ToString(CultureInfo.InvariantCulture), wait.Value);
            }
            catch (KubernetesConnectionException e) when (request.Retry == RetryRule.Read && (wait = InTime(Backoff(attempt), attempt, started)) is not null)
            {
                Retrying(request, e.Message, e.IsTimeout ? "timeout" : "connection", wait.Value);
            }

            await Task.Delay(wait.Value, _options.Time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Opens a watch: returns at the response's headers; the caller reads the stream for as long as it likes and
    /// disposes the response. Not retried: whoever watches has its own way to resume.
    /// </summary>
    public async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        var started = _options.Time.GetTimestamp();
        var code = "none";
        try
        {
            var response = await DispatchAsync(request, linked.Token).ConfigureAwait(false);
            code = Code(response);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw await ErrorAsync(request, response, linked.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsConnectionFailure(e, cancel))
        {
            cancel.ThrowIfCancellationRequested();
            throw ConnectionFailure(request, e, timeout);
        }
        finally
        {
            ClientMetrics.Record(request, code, _options.Time.GetElapsedTime(started));
        }
    }

    /// <summary>The answer's body, measured. In a list the objects are limited, not their sum; a watch's reader limits its lines.</summary>
    public async Task<Stream> ReadAsync(ApiRequest request, HttpResponseMessage response, CancellationToken cancel)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        return new AnswerStream(stream, request, request.Verb is "list" or "watch" ? long.MaxValue : _options.MaxObjectBytes);
    }

    private async Task<TResult> AttemptAsync<TResult>(ApiRequest request, Func<Stream, CancellationToken, ValueTask<TResult>> read, CancellationToken cancel)
    {
        if (_rate is not null)
            await _rate.WaitAsync(cancel).ConfigureAwait(false);
        await _inFlight.WaitAsync(cancel).ConfigureAwait(false);
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        var started = _options.Time.GetTimestamp();
        var code = "none";
        try
        {
            using var response = await DispatchAsync(request, linked.Token).ConfigureAwait(false);
            code = Code(response);
            if (!response.IsSuccessStatusCode)
                throw await ErrorAsync(request, response, linked.Token).ConfigureAwait(false);
            var stream = await ReadAsync(request, response, linked.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                return await read(stream, linked.Token).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw new KubernetesDecodeException($"{request}: the answer cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (IsConnectionFailure(e, cancel))
        {
            cancel.ThrowIfCancellationRequested();
            throw ConnectionFailure(request, e, timeout);
        }
        finally
        {
            _inFlight.Release();
            ClientMetrics.Record(request, code, _options.Time.GetElapsedTime(started));
        }
    }

    /// <summary>Sends once; a token that the server refuses is read anew and tried once more.</summary>
    private async Task<HttpResponseMessage> DispatchAsync(ApiRequest request, CancellationToken cancel)
    {
        var credential = await _credentials.CurrentAsync(cancel).ConfigureAwait(false);
        var response = await SendOnceAsync(request, credential, cancel).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized && await _credentials.RefreshAfterAsync(credential, cancel).ConfigureAwait(false) is { } other && other != credential)
        {
            response.Dispose();
            response = await SendOnceAsync(request, other, cancel).ConfigureAwait(false);
        }

        if (response.Headers.NonValidated.TryGetValues("Warning", out var warnings))
        {
            foreach (var warning in warnings)
            {
                if (_warnings.Count < MaxRememberedWarnings && _warnings.TryAdd(warning, true))
                    LogMessages.ServerWarning(_logger, request.Resource, warning);
            }
        }

        return response;
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, Credential credential, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(_server.AbsoluteUri.TrimEnd('/') + request.PathAndQuery));
        if (message.RequestUri!.Scheme == Uri.UriSchemeHttps)
        {
            message.Version = HttpVersion.Version20;
            message.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        // Also the name that is sent in TLS and that the certificate must be for.
        if (_serverName is not null)
            message.Headers.Host = _serverName;
        message.Headers.TryAddWithoutValidation("User-Agent", _userAgent);
        message.Headers.TryAddWithoutValidation("Accept", request.Accept ?? "application/json");
        if (credential.Token is { Length: > 0 } token)
            message.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        if (request.ContentType is { } type)
            message.Content = new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

        // HttpMessageInvoker never buffers: SendAsync returns at the headers.
        return await _transport.For(credential).SendAsync(message, cancel).ConfigureAwait(false);
    }

    private static string Code(HttpResponseMessage response) => ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);

    private static async Task<KubernetesException> ErrorAsync(ApiRequest request, HttpResponseMessage response, CancellationToken cancel)
    {
        var code = (int)response.StatusCode;
        KubernetesStatus? status = null;
        var text = "";
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            var body = new byte[MaxErrorBytes];
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
            text = System.Text.Encoding.UTF8.GetString(body, 0, Math.Min(length, 1024)).Trim();
            if (response.Content.Headers.ContentType?.MediaType == "application/json")
                status = JsonSerializer.Deserialize(body.AsSpan(0, length), ClientJson.Default.KubernetesStatus);
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException)
        {
            // The code alone is the answer then; what could be read of the body goes into the message.
        }

        status = (status ?? new KubernetesStatus { Message = text.Length > 0 ? text : response.ReasonPhrase }) with { Code = code };
        var retryAfter = response.Headers.RetryAfter?.Delta;
        // "servers not found" (kind absent) has no name in its details; a missing namespace has another kind.
        var absent = response.StatusCode == HttpStatusCode.NotFound && status.Reason == StatusReasons.NotFound
            && request.Target is { } target && status.Details?.Name == target.Name
            && status.Details.Kind is { } kind && request.Resource.Split('.')[0].Equals(kind, StringComparison.OrdinalIgnoreCase);
        return new KubernetesException(status, request.ToString(), retryAfter) { IsObjectAbsent = absent, PriorityLevel = PriorityLevel(response) };
    }

    private TimeSpan? WaitAfter(in ApiRequest request, KubernetesException e, int attempt)
    {
        var may = request.Retry switch
        {
            RetryRule.Read => e.IsTransient,
            RetryRule.Write => e.IsTooManyRequests || (e.Code == HttpStatusCode.ServiceUnavailable && e.RetryAfter is not null),
            _ => false,
        };
        if (!may || e.RetryAfter > _options.MaxRetryDelay)
            return null;
        var backoff = Backoff(attempt);
        return e.RetryAfter is { } after ? after + backoff : backoff;
    }

    private TimeSpan? InTime(TimeSpan? wait, int attempt, long started) =>
        attempt < _options.MaxAttempts && _options.Time.GetElapsedTime(started) + wait < _options.TotalTimeout ? wait : null;

    /// <summary>Exponential with full jitter.</summary>
    private TimeSpan Backoff(int attempt)
    {
        var ceiling = Math.Min(_options.RetryDelay.TotalMilliseconds * Math.Pow(2, attempt - 1), _options.MaxRetryDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(ceiling * Random.Shared.NextDouble());
    }

    private void Retrying(in ApiRequest request, string message, string cause, TimeSpan wait)
    {
        ClientMetrics.Retry(request, cause);
        LogMessages.Retrying(_logger, request.ToString(), message, wait.TotalMilliseconds);
    }

    /// <summary>As the server's fairness names them in every answer.</summary>
    private static string? PriorityLevel(HttpResponseMessage response)
    {
        var headers = response.Headers.NonValidated;
        return headers.TryGetValues("X-Kubernetes-PF-PriorityLevel-UID", out var level) && headers.TryGetValues("X-Kubernetes-PF-FlowSchema-UID", out var schema) ? $"{schema}/{level}" : null;
    }

    /// <summary>The commit that the program was built from, as the compiler noted it.</summary>
    private static string Commit() =>
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+') is [_, { Length: > 0 } commit, ..]
            ? " " + commit[..Math.Min(12, commit.Length)]
            : "";

    private static bool IsConnectionFailure(Exception e, CancellationToken cancel) =>
        e is HttpRequestException or IOException or InvalidDataException or KubernetesConfigException
        || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    private KubernetesConnectionException ConnectionFailure(in ApiRequest request, Exception e, CancellationTokenSource timeout) =>
        timeout.IsCancellationRequested
            ? new($"{request}: no answer from {_server} within {_options.RequestTimeout.TotalSeconds:0.#} s", e) { IsTimeout = true }
            : new($"{request}: {_server}: {(e is KubernetesConfigException ? e : e.InnerException ?? e).Message}", e);
}
