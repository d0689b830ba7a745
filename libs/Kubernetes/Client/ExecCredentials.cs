using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Kubernetes.Client;

/// <summary>
/// Runs a credential program and keeps its answer until it expires or the server refuses it. However many requests wait, it runs once.
/// </summary>
internal sealed class ExecCredentials(ExecCommand command, KubernetesConfig config, TimeProvider time) : IDisposable
{
    private const int MaxOutput = 1024 * 1024;
    private const int MaxComplaint = 4096;

    /// <summary>What expires this soon would expire on its way to the server.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _disposed = new();
    private Credential? _current;
    private DateTimeOffset _expires;
    private Task<Credential>? _running;

    /// <param name="refused">Credential that the server refused; another caller's refresh since then counts.</param>
    /// <param name="cancel">Gives up waiting; the program goes on for whoever asks next.</param>
    /// <exception cref="KubernetesConfigException">The program is not there, fails, or answers something else.</exception>
    public async ValueTask<Credential> CurrentAsync(Credential? refused, CancellationToken cancel)
    {
        Task<Credential> running;
        lock (_lock)
        {
            if (_current is not null && _current != refused && time.GetUtcNow() < _expires - s_margin)
                return _current;
            running = _running ??= Task.Run(RefreshAsync, CancellationToken.None);
        }

        return await running.WaitAsync(cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    private async Task<Credential> RefreshAsync()
    {
        try
        {
            var status = Read(await RunAsync(_disposed.Token).ConfigureAwait(false));
            lock (_lock)
            {
                _expires = status.ExpirationTimestamp ?? DateTimeOffset.MaxValue;
                return _current = new Credential(status.Token, status.ClientCertificateData, status.ClientKeyData);
            }
        }
        finally
        {
            lock (_lock)
                _running = null;
        }
    }

    private async Task<byte[]> RunAsync(CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Find()) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in command.Arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Info();
        using var limit = new CancellationTokenSource(command.TimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        using var process = Start(start);
        try
        {
            process.StandardInput.Close();
            var complaint = ReadAsync(process.StandardError.BaseStream, MaxComplaint, either.Token);
            var output = await ReadAsync(process.StandardOutput.BaseStream, MaxOutput + 1, either.Token).ConfigureAwait(false);
            if (output.Length > MaxOutput)
                throw Failure($"its answer is longer than {MaxOutput} bytes");
            await process.WaitForExitAsync(either.Token).ConfigureAwait(false);
            if (process.ExitCode != 0)
                throw Failure($"it ended with {process.ExitCode}: {Encoding.UTF8.GetString(await complaint.ConfigureAwait(false)).Trim()}");
            return output;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Failure($"it did not answer within {command.TimeLimit.TotalSeconds:0.#} s");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw Failure(e.Message, e);
        }
    }

    /// <summary>Reads to the end and keeps the beginning: a program that says too much must not wait for ever to say it.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, int most, CancellationToken cancel)
    {
        var kept = new MemoryStream();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, cancel).ConfigureAwait(false) is > 0 and var read)
            kept.Write(buffer, 0, (int)Math.Min(read, most - kept.Length));
        return kept.ToArray();
    }

    /// <summary>The program's path. Only <c>PATH</c> is searched, never the current folder.</summary>
    private string Find()
    {
        if (Path.IsPathRooted(command.Command))
            return File.Exists(command.Command) ? command.Command : throw Failure("it does not exist" + Hint());
        var path = command.Environment.GetValueOrDefault("PATH") ?? Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator).Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, command.Command)).FirstOrDefault(File.Exists)
            ?? throw Failure("it is not in PATH" + Hint());
    }

    private string Hint() => command.InstallHint is { } hint ? $"\n{hint}" : "";

    private string Info()
    {
        var cluster = !command.ProvideClusterInfo ? null : new ExecCluster
        {
            Server = config.Server.ToString(),
            TlsServerName = config.TlsServerName,
            InsecureSkipTlsVerify = config.SkipTlsVerify ? true : null,
            CertificateAuthorityData = config.CertificateAuthority is { } authority ? Encoding.UTF8.GetBytes(authority.Read()) : null,
            ProxyUrl = config.Proxy?.ToString(),
        };
        var request = new ExecCredential { ApiVersion = command.ApiVersion, Kind = nameof(ExecCredential), Spec = new ExecSpec { Interactive = false, Cluster = cluster } };
        return JsonSerializer.Serialize(request, ClientJson.Default.ExecCredential);
    }

    private ExecStatus Read(byte[] output)
    {
        ExecCredential? answer;
        try
        {
            answer = JsonSerializer.Deserialize(output, ClientJson.Default.ExecCredential);
        }
        catch (JsonException e)
        {
            // Not the text itself: it may hold half a token.
            throw Failure($"its answer is not JSON: line {e.LineNumber + 1}", e);
        }

        if (answer?.Kind != nameof(ExecCredential) || answer.ApiVersion != command.ApiVersion)
            throw Failure($"it answered {answer?.ApiVersion} {answer?.Kind} in place of {command.ApiVersion} {nameof(ExecCredential)}");
        if (answer.Status is not { } status || (status.Token, status.ClientCertificateData) is (null or "", null))
            throw Failure("its answer holds neither a token nor a certificate");
        if (status.ClientCertificateData is null != status.ClientKeyData is null)
            throw Failure("a certificate needs clientCertificateData and clientKeyData; it answered only one");
        return status;
    }

    private KubernetesConfigException Failure(string what, Exception? inner = null)
    {
        var message = $"{command.Origin}: {command.Command}: {what}";
        return inner is null ? new(message) : new(message, inner);
    }
}

/// <summary><c>client.authentication.k8s.io</c> ExecCredential.</summary>
internal sealed record ExecCredential
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ExecSpec? Spec { get; init; }

    public ExecStatus? Status { get; init; }
}

internal sealed record ExecSpec
{
    public bool Interactive { get; init; }

    public ExecCluster? Cluster { get; init; }
}

internal sealed record ExecCluster
{
    public string? Server { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("tls-server-name")]
    public string? TlsServerName { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("insecure-skip-tls-verify")]
    public bool? InsecureSkipTlsVerify { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("certificate-authority-data")]
    public byte[]? CertificateAuthorityData { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("proxy-url")]
    public string? ProxyUrl { get; init; }
}

internal sealed record ExecStatus
{
    public DateTimeOffset? ExpirationTimestamp { get; init; }

    public string? Token { get; init; }

    public string? ClientCertificateData { get; init; }

    public string? ClientKeyData { get; init; }

    public override string ToString() => $"expires {ExpirationTimestamp:O}";
}
