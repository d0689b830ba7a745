using System.Net;
using System.Security.Cryptography;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Config;

/// <summary>Programs that hand out credentials, as kubeconfigs name them.</summary>
public sealed class ExecTests : IDisposable
{
    private const string V1 = "client.authentication.k8s.io/v1";

    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-exec-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string In(string name) => Path.Combine(_folder, name);

    /// <summary>Runs of the program so far, each with what it was given.</summary>
    private string[] Runs => File.Exists(In("runs")) ? File.ReadAllLines(In("runs")) : [];

    /// <summary>A program that notes its arguments and a variable, and answers with the file "answer".</summary>
    private ExecCommand Program(string script = "cat answer", string version = V1)
    {
        File.WriteAllText(In("program"), $"#!/bin/sh\ncd {_folder}\necho \"$# [$1] [$2] $FLAVOUR\" >>runs\nprintf %s \"$KUBERNETES_EXEC_INFO\" >info\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(In("program"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new ExecCommand { ApiVersion = version, Command = In("program"), Arguments = ["two words", "$HOME"], Environment = new Dictionary<string, string> { ["FLAVOUR"] = "sweet" } };
    }

    private void Answers(string status, string version = V1) => File.WriteAllText(In("answer"), $$"""{"apiVersion":"{{version}}","kind":"ExecCredential","status":{{status}} }""");

    private KubernetesClient Client(ScriptedServer server, ExecCommand command) => Client(new KubernetesConfig { Server = server.Address, AllowInsecure = true, Exec = command });

    private KubernetesClient Client(KubernetesConfig config) => new(config, new() { MaxAttempts = 1, Time = _time });

    private static Task<ScriptedServer> ServerAsync(Func<string, bool> accepts) => ScriptedServer.StartAsync(c => accepts(c.Request.Headers.Authorization.ToString())
        ? ScriptedServer.JsonAsync(c, $$"""{"gitVersion":"{{c.Request.Headers.Authorization}}"}""")
        : ScriptedServer.StatusAsync(c, 401, "Unauthorized", "who are you?"));

    [Theory]
    [InlineData(V1)]
    [InlineData("client.authentication.k8s.io/v1beta1")]
    public async Task A_program_gets_its_arguments_one_by_one_and_answers_with_a_token(string version)
    {
        Answers("""{"token":"one"}""", version);
        await using var server = await ServerAsync(_ => true);
        using var client = Client(server, Program(version: version) with { ProvideClusterInfo = true });

        Assert.Equal("Bearer one", (await client.GetVersionAsync()).GitVersion);
        Assert.Equal(["2 [two words] [$HOME] sweet"], Runs);
        Assert.Equal($$$"""{"apiVersion":"{{{version}}}","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"{{{server.Address}}}"{{{"}}}"}}}""", await File.ReadAllTextAsync(In("info")));
    }

    [Fact]
    public async Task An_answer_is_kept_until_it_expires_and_asked_for_once_by_many()
    {
        Answers($$"""{"token":"one","expirationTimestamp":"{{_time.GetUtcNow().AddMinutes(5):O}}"}""");
        await using var server = await ServerAsync(_ => true);
        using var client = Client(server, Program());

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetVersionAsync()));
        Assert.Single(Runs);
        _time.Advance(TimeSpan.FromMinutes(4));
        await client.GetVersionAsync();
        Assert.Single(Runs);
        Answers("""{"token":"two"}""");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer two", (await client.GetVersionAsync()).GitVersion);
        _time.Advance(TimeSpan.FromDays(100));
        await client.GetVersionAsync();
        Assert.Equal(2, Runs.Length);
    }

    [Fact]
    public async Task A_refused_token_is_asked_for_anew_and_tried_once_more()
    {
        Answers("""{"token":"old"}""");
        await using var server = await ServerAsync(a => a != "Bearer old");
        using var client = Client(server, Program("cat answer; sed -i s/old/new/ answer"));
        Assert.Equal("Bearer new", (await client.GetVersionAsync()).GitVersion);
        Assert.Equal((2, 2), (Runs.Length, server.Requests.Count));

        // The same again is no news: the refusal stands.
        await using var strict = await ServerAsync(_ => false);
        using var refused = Client(strict, Program());
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => refused.GetVersionAsync())).IsUnauthorized);
        Assert.Single(strict.Requests);
    }

    [Fact]
    public async Task A_slow_program_outlives_the_request_that_started_it()
    {
        Answers("""{"token":"one"}""");
        await using var server = await ServerAsync(_ => true);
        using var client = new KubernetesClient(
            new KubernetesConfig { Server = server.Address, AllowInsecure = true, Exec = Program("until [ -e go ]; do sleep 0.02; done; cat answer") },
            new() { MaxAttempts = 1, RequestTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.True((await Assert.ThrowsAsync<KubernetesConnectionException>(() => client.GetVersionAsync())).IsTimeout);
        await File.WriteAllTextAsync(In("go"), "");
        await Eventually.TrueAsync(
            async () => await Record.ExceptionAsync(() => client.GetVersionAsync()) is null,
            "the token is there");
        Assert.Single(Runs);
    }

    [Fact]
    public async Task A_certificate_is_shown_and_replaced()
    {
        using var authority = new TestAuthority();
        await using var server = await TlsServer.StartAsync(authority, names => names.AddIpAddress(IPAddress.Loopback));
        var config = server.Config(authority);
        Certificate("one");
        using var client = Client(new KubernetesConfig { Server = config.Server, CertificateAuthority = config.CertificateAuthority, Exec = Program() });
        Assert.Equal("CN=one", (await client.GetVersionAsync()).GitVersion);
        Certificate("two");
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("CN=two", (await client.GetVersionAsync()).GitVersion);

        void Certificate(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var leaf = authority.Issue(key, name, null);
            Answers($$"""{"clientCertificateData":"{{leaf.ExportCertificatePem().ReplaceLineEndings("\\n")}}","clientKeyData":"{{key.ExportPkcs8PrivateKeyPem().ReplaceLineEndings("\\n")}}","expirationTimestamp":"{{_time.GetUtcNow().AddHours(1):O}}"}""");
        }
    }

    [Theory]
    [InlineData("echo 'no luck' >&2; exit 3", "it ended with 3: no luck")]
    [InlineData("echo '{'", "its answer is not JSON")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"}'""", "it answered client.authentication.k8s.io/v1beta1 ExecCredential in place of")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "neither a token nor a certificate")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"x"}}'""", "only one")]
    [InlineData("head -c 2000000 /dev/zero", "longer than 1048576 bytes")]
    [InlineData("cat; sleep 0.01; exit 7", "it ended with 7")]
    public async Task Failures_are_told_with_the_program(string script, string message)
    {
        await using var server = await ServerAsync(_ => true);
        using var client = Client(server, Program(script));
        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => client.GetVersionAsync());
        Assert.Contains($"{In("program")}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_program_that_hangs_is_ended_and_one_that_is_missing_is_explained()
    {
        await using var server = await ServerAsync(_ => true);
        using var hanging = new KubernetesClient(
            new KubernetesConfig { Server = server.Address, AllowInsecure = true, Exec = Program("echo $$ >pid; exec sleep 600") with { TimeLimit = TimeSpan.FromMilliseconds(500) } },
            new() { MaxAttempts = 1 });
        Assert.Contains("did not answer within 0.5 s", (await Assert.ThrowsAsync<KubernetesConnectionException>(() => hanging.GetVersionAsync())).Message, StringComparison.Ordinal);
        var pid = (await File.ReadAllTextAsync(In("pid"))).Trim();
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{pid}"), "the program is ended");

        using var missing = Client(server, Program() with { Command = "no-such-program", InstallHint = "apt-get install it" });
        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => missing.GetVersionAsync());
        Assert.Contains("not in PATH\napt-get install it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kubeconfig_names_the_program_relative_to_itself()
    {
        File.WriteAllText(In("config"), $$$"""
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://api"}}]
            users:
            - name: u
              user:
                exec:
                  apiVersion: {{{V1}}}
                  interactiveMode: IfAvailable
                  command: bin/get-token
                  args: ["--cluster", "a b"]
                  env: [{name: A, value: "1"}]
                  installHint: see the wiki
                  provideClusterInfo: true
            """);
        var exec = KubernetesConfig.Load(new() { Path = In("config") }).Exec!;
        Assert.Equal((In("bin/get-token"), "see the wiki", true), (exec.Command, exec.InstallHint, exec.ProvideClusterInfo));
        Assert.Equal(["--cluster", "a b"], exec.Arguments);
        Assert.Equal("1", exec.Environment["A"]);
    }
}
