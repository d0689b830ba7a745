using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Crds.Meta;
using Kilonova.Faults;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Kilonova.Kubernetes.Tests.Client;

/// <summary>Addresses, connections, and what changes while they are in use.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly ManualTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("kilonova-connections-").FullName;

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Loopback(SubjectAlternativeNameBuilder names) => names.AddIpAddress(IPAddress.Loopback);

    [Fact]
    public async Task An_IPv6_address_is_connected_to_and_verified()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6 here");
        await using var server = await TlsServer.StartAsync(_authority, names => names.AddIpAddress(IPAddress.IPv6Loopback), address: IPAddress.IPv6Loopback);
        using var client = new KubernetesClient(server.Config(_authority, "[::1]"), new() { MaxAttempts = 1 });
        Assert.Equal("[::1]", (await client.GetVersionAsync()).Minor);
    }

    [Fact]
    public async Task The_next_address_of_a_name_is_tried_when_the_first_one_refuses()
    {
        await using var server = await TlsServer.StartAsync(_authority, names => names.AddDnsName("api.test"));
        using var client = new KubernetesClient(server.Config(_authority, "api.test"), new()
        {
            MaxAttempts = 1,
            Resolve = (name, _) => Task.FromResult<IPAddress[]>(name == "api.test" ? [IPAddress.Parse("127.0.0.2"), IPAddress.IPv6Loopback, IPAddress.Loopback] : []),
        });
        Assert.Equal("HTTP/2", (await client.GetVersionAsync()).Major);
    }

    [Fact]
    public async Task A_name_that_moves_is_followed_when_connections_have_lived_their_time()
    {
        var address = IPAddress.Loopback;
        await using var old = await TlsServer.StartAsync(_authority, names => names.AddDnsName("api.test"), address: IPAddress.Any);
        using var client = new KubernetesClient(old.Config(_authority, "api.test"), new() { ConnectionLifetime = TimeSpan.FromMilliseconds(50), Resolve = (_, _) => Task.FromResult<IPAddress[]>([address]) });
        await client.GetVersionAsync();
        Assert.Equal(IPAddress.Loopback, old.LastAddress);
        address = IPAddress.Parse("127.0.0.3");
        await Eventually.TrueAsync(
            async () =>
            {
                await client.GetVersionAsync();
                return old.LastAddress!.Equals(address);
            },
            "requests go to the new address");
    }

    [Fact]
    public async Task A_server_that_speaks_HTTP1_only_is_spoken_to_in_it()
    {
        await using var server = await TlsServer.StartAsync(_authority, Loopback, protocols: HttpProtocols.Http1);
        using var client = new KubernetesClient(server.Config(_authority), new() { MaxAttempts = 1 });
        Assert.Equal("HTTP/1.1", (await client.GetVersionAsync()).Major);
    }

    [Fact]
    public async Task A_self_signed_leaf_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        Loopback(names);
        request.CertificateExtensions.Add(names.Build());
        await using var server = await TlsServer.StartAsync(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)));
        using var client = new KubernetesClient(server.Config(_authority), new() { MaxAttempts = 1 });
        var error = await Assert.ThrowsAsync<KubernetesConnectionException>(() => client.GetVersionAsync());
        Assert.Contains("the server's certificate is refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_before_1_2_is_not_offered()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new KubernetesClient(new KubernetesConfig { Server = new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}") }, new() { MaxAttempts = 1, RequestTimeout = TimeSpan.FromSeconds(20) });
        var asking = client.GetVersionAsync();
        using var connection = await listener.AcceptSocketAsync();
        var hello = new byte[4096];
        var length = await connection.ReceiveAsync(hello);
        connection.Close();
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => asking);

        Assert.Equal([0x0303, 0x0304], SupportedVersions(hello.AsSpan(0, length)).Order());
    }

    /// <summary>The extension 43 of a ClientHello (RFC 8446, 4.2.1).</summary>
    private static List<int> SupportedVersions(ReadOnlySpan<byte> record)
    {
        var at = 5 + 4 + 2 + 32; // record and handshake headers, legacy version, random
        at += 1 + record[at]; // session
        at += 2 + BinaryPrimitives.ReadUInt16BigEndian(record[at..]); // cipher suites
        at += 1 + record[at]; // compression
        at += 2;
        while (at < record.Length)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(record[at..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(record[(at + 2)..]);
            if (type == 43)
            {
                var versions = new List<int>();
                for (var i = at + 5; i < at + 4 + length; i += 2)
                    versions.Add(BinaryPrimitives.ReadUInt16BigEndian(record[i..]));
                return versions;
            }

            at += 4 + length;
        }

        return [];
    }

    [Fact]
    public async Task Intermediates_of_a_client_certificate_are_sent_along()
    {
        using var intermediate = _authority.Intermediate();
        using var key = RSA.Create(2048);
        using var leaf = intermediate.Issue(key, "me", null);
        await using var server = await TlsServer.StartAsync(_authority, Loopback);
        var config = server.Config(_authority);
        using var client = new KubernetesClient(new KubernetesConfig
        {
            Server = config.Server,
            CertificateAuthority = config.CertificateAuthority,
            ClientCertificate = PemSource.FromText(leaf.ExportCertificatePem() + "\n" + intermediate.Pem),
            ClientKey = PemSource.FromText(key.ExportPkcs8PrivateKeyPem()),
        });
        Assert.Equal("CN=me", (await client.GetVersionAsync()).GitVersion);
        Assert.Contains(intermediate.Certificate.Subject, server.Intermediates);
    }

    [Fact]
    public async Task A_rotated_authority_is_taken_up_from_a_projected_volume_and_old_connections_stay_open()
    {
        // As the kubelet projects: names are links through "..data", which is replaced in one step.
        using var next = new TestAuthority();
        Project(_authority.Pem, 1);
        await using var old = await TlsServer.StartAsync(_authority, Loopback);
        await using var proxy = ByteProxy.Start(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, old.Port));
        using var client = new KubernetesClient(
            new KubernetesConfig { Server = new Uri($"https://{proxy.Endpoint}"), CertificateAuthority = PemSource.FromFile(Path.Combine(_folder, "ca.crt")) },
            new() { MaxAttempts = 1, Time = _time });
        await client.GetVersionAsync();

        Project(next.Pem, 2);
        await client.GetVersionAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<KubernetesConnectionException>(() => client.GetVersionAsync());
        await Eventually.TrueAsync(() => proxy.Open == 1, "only the old connection is open, for what is under way");
        Project(next.Pem + "\n" + _authority.Pem, 3);
        _time.Advance(TimeSpan.FromMinutes(1));
        await client.GetVersionAsync();

        void Project(string pem, int generation)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder, $"..{generation}"));
            File.WriteAllText(Path.Combine(folder.FullName, "ca.crt"), pem);
            File.CreateSymbolicLink(Path.Combine(_folder, "..new"), folder.Name);
            using (var move = Process.Start("mv", ["-T", Path.Combine(_folder, "..new"), Path.Combine(_folder, "..data")]))
                move.WaitForExit();
            if (generation == 1)
                File.CreateSymbolicLink(Path.Combine(_folder, "ca.crt"), Path.Combine("..data", "ca.crt"));
        }
    }

    [Fact]
    public async Task A_token_file_is_read_anew_within_its_interval()
    {
        var file = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(file, "one");
        await using var server = await ScriptedServer.StartAsync(c => ScriptedServer.JsonAsync(c, $$"""{"gitVersion":"{{c.Request.Headers.Authorization}}"}"""));
        using var client = server.Client(o => o with { Time = _time }, tokenFile: file);
        Assert.Equal("Bearer one", (await client.GetVersionAsync()).GitVersion);
        await File.WriteAllTextAsync(file, "two");
        Assert.Equal("Bearer one", (await client.GetVersionAsync()).GitVersion);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("Bearer two", (await client.GetVersionAsync()).GitVersion);
    }
}
